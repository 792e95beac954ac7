"""Drawn faces with known attributes. They are synthetic: no person was photographed, and none is shown."""
