"""File formats of models, one a file; a file that is put here is a format that candidates may come in."""
