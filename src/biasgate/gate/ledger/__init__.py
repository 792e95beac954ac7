"""The log of signed entries, its history, and checkpoints of it."""
