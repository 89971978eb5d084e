"""What every method must do: the checks behind ``coldbench check`` and our own tests."""
