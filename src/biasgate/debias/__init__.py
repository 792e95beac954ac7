"""Repair: the adversarial curriculum, fast unlearning, and the baselines that both are compared with."""
