"""What each component does, as a function."""
