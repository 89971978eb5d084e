"""The report: one self-contained page from the records, and its tables and plots as files."""
