"""What every method, dataset and scenario must do."""
