"""What the plan of a sharded pipeline hands to its shards."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlannedShards:
    """Where the plan is, how many shards it has, and the pipeline's MLflow run."""

    plan: str
    shards: int
    run: str

    @property
    def items(self) -> list[dict[str, int | str]]:
        """What each shard's tasks need to know."""
        return [{"index": index, "plan": self.plan, "run": self.run} for index in range(self.shards)]
