"""A language model asked yes or no about a user and an item, by a prompt of their texts."""
