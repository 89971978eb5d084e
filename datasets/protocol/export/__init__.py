"""A split as files for any other tool."""
