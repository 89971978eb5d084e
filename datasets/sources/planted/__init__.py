"""A made world whose answer is known."""
