"""A sentence encoder fine-tuned as two towers."""
