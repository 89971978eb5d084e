"""The rows every leaderboard shows."""
