"""What a terminal shows: tables that fit, progress, text of others made harmless."""
