"""The folder of records as a store: its sweeps, and what can be done with it as a whole."""
