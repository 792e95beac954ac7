"""A linear head on fixed features: derivatives, fits, unlearning, and how it gets in and out of networks and graphs."""
