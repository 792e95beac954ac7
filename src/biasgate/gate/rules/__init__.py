"""The rules that a policy may hold: one file a rule, found by looking."""
