"""File formats of models, one a file, read without running anything."""
