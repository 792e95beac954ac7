"""Policy, evidence, decision, signatures, log."""
