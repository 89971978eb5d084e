"""Who and what is cold, and which interactions are hidden."""
