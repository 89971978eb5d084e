"""Yes or no by a language model: instruction, history and a candidate."""
