"""DropoutNet: preference and content, the preference often hidden."""
