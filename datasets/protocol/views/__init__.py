"""What a method may see while it fits."""
