"""What no split may give away."""
