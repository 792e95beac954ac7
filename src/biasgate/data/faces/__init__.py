"""Faces: what published sets have in common, and faces that are drawn."""
