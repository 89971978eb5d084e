"""RippleNet: a user's history spread over the graph."""
