"""Weight features: numbers read from weights only, invariant to what does not change the network."""
