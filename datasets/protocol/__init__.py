"""The split protocol: who is cold, what is shown, what stays hidden."""
