"""Rules of a policy, held against what was measured."""
