"""Methods that read texts with a language model."""
