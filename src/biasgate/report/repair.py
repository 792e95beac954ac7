"""What a repair did, in sentences; works from its record alone."""

from __future__ import annotations

from collections.abc import Iterator

from biasgate.contracts.repair_record import RepairRecord, Stop
from biasgate.contracts.wording import group, points, rate, subgroup, words
from biasgate.report.text import difference

_STOPPED: dict[Stop, str] = {
    "seconds": "The seconds ended before all was tried",
    "memory": "The memory ended before all was tried",
    "interruption": "It was interrupted",
}


def repair_words(record: RepairRecord) -> Iterator[str]:
    """Who won and by how much, what changed, and what was not tried."""
    won = f"{words(record.method).capitalize()} was kept: worst group {rate(record.chosen.worst_group)} on validation"
    if record.rivals:
        second = max(record.rivals, key=lambda rival: rival.best.merit)
        ahead = record.chosen.worst_group - second.best.worst_group
        won += f", {points(ahead)} points above {words(second.method)}"
    yield f"{won}."
    share = "Under 0.1%" if 0 < record.moved < 0.001 else f"{record.moved:.1%}"
    yield (
        f"{share} of the model's parameters changed, by {record.distance:.1%} of the weights' norm, in "
        f"{record.seconds:.0f} s."
    )
    if (change := record.attribution_change) is not None:
        less = "Decisions lean less" if change.high < 0 else "Decisions lean more" if change.low > 0 else ""
        said = f"{less or 'It is not shown that decisions lean less, or more,'} on {record.attribute}"
        yield f"{said}: its share of their attributions changed by {difference(change)}."
    for change in record.changes[1:]:
        if change.difference is not None and change.difference.high < 0:
            yield (
                f"Lost accuracy on validation: {group(change.subgroup)}, {rate(change.before)} to {rate(change.after)} "
                f"({change.broken} of {change.samples} samples broken, {change.mended} mended)."
            )
    if record.stopped:
        kept = "the best so far is kept" if record.chosen.whole else "the best round of an unfinished run is kept"
        yield f"{_STOPPED[record.stopped]}: {kept}."
    for left in record.untried:
        yield f"Not tried: {left}."


def change_rows(record: RepairRecord) -> list[list[str]]:
    """The subgroup table: accuracy before and after on validation samples, the change with its interval, and flips."""
    return [
        [
            subgroup(change.subgroup),
            str(change.samples),
            rate(change.before),
            rate(change.after),
            difference(change.difference) if change.difference else "too few",
            f"{change.mended} / {change.broken}",
        ]
        for change in record.changes
    ]


COLUMNS = ("subgroup", "samples", "before", "after", "change", "mended / broken")
