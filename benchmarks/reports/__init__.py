"""What is read from records: leaderboards, paired tests, families, paper tables."""
