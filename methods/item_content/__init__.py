"""What methods read of an item before anyone interacts: weighted rows, kernels, popularity."""
