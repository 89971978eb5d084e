"""Methods that learn from interactions alone."""
