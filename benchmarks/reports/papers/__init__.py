"""Tables of papers as data, to stand beside our own figures."""
