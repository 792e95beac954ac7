"""Bias read from weights, one story in three rooms.

``zoo`` trains many models with known bias, ``features`` describes their weights in numbers, ``reader`` learns from both
what a model's weights say about its bias.
"""
