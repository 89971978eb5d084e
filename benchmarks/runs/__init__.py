"""From a configuration to a record: one run, one job, a sweep of them."""
