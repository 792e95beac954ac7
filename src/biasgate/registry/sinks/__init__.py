"""Kinds of sinks: a kind is a file."""
