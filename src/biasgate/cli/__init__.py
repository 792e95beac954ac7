"""The command line: each step is a command."""
