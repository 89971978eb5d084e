"""Reading tables that people wrote, with errors that name file, line and column."""
