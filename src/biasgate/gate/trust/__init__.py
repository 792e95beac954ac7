"""Whose word counts: keys, signatures, persons, waivers."""
