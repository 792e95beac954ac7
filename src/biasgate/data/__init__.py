"""Data sets: loaders, splits, planted bias, built-in sets."""
