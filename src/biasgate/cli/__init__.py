"""The command line: each step is a command."""

from biasgate.cli.app import main

__all__ = ["main"]
