"""Methods that join interactions with features."""
