"""How the layers of many networks are computed at once: one way for CPUs and one for GPUs."""
