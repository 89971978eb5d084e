"""The baselines that every leaderboard shows."""
