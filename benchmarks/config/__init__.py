"""One run's configuration: composed by Hydra, checked, masked, kept."""
