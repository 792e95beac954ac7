"""Kinds of layers, one a file; a file that is put here is a kind that cards may declare."""
