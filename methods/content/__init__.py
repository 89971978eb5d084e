"""Methods that compare what items and users are."""
