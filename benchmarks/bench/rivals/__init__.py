"""Another suite's methods on our splits, measured by our metric."""
