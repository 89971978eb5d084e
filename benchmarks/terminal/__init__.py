"""Terminal output: tables that fit, progress, escaped texts of plugins."""
