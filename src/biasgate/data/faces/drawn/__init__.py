"""Faces drawn from traits, whose every property is known."""
