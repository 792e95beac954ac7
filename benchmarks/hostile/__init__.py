"""Over three hundred hostile candidates, the same on every machine."""
