"""What is installed, found by entry point, and what it needs."""
