"""Numbers read from weights alone, without inference."""
