"""Equal tuning: the same trials and clock for every method, on validation alone."""
