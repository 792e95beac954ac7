"""Bias read from weights: a zoo of models with known bias, features of their weights, a reader fitted to both."""
