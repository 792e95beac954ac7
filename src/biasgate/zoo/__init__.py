"""Many models trained on purpose with known bias: spec, plan, shards."""
