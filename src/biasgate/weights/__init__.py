"""Weight features: numbers read from weights only, without inference."""
