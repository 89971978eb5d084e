"""Training with Lightning, shared by the torch methods."""
