"""A kind of hostile candidate a file; what lies here is found by looking."""
