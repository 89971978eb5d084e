"""Yes or no by a causal language model: instruction, history and a candidate."""
