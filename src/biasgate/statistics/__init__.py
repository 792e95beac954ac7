"""Intervals, tests, corrections and power: plain functions over counts and arrays."""
