"""Counterfactual images: what reads the attribute, the attack on it, and the curriculum that learns from them."""
