"""CFKG: a translation model over users, items and entities."""
