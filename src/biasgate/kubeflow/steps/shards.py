"""What the plan of a sharded pipeline hands to its shards."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlannedShards:
    """Where the plan is, and how many shards it has."""

    plan: str
    shards: int

    @property
    def items(self) -> list[dict[str, int | str]]:
        """What each shard's tasks need to know."""
        return [{"index": index, "plan": self.plan} for index in range(self.shards)]
