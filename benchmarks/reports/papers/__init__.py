"""Tables of papers as data, to compare with our own results."""
