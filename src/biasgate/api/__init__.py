"""The front door: what ``import biasgate`` offers, written for notebooks and scripts."""
