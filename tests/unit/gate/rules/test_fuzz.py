"""Damaged evidence: whatever is missing, huge, not a number or swapped, nothing is approved that should not be.

``make fuzz`` damages ten thousand documents, CI a thousand of them.
"""

from __future__ import annotations

import copy
import json
import math
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from biasgate.errors import InputError
from biasgate.gate.decide import decide
from biasgate.gate.evidence import Evidence
from biasgate.gate.policy import Policy

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
ODD = (None, math.nan, math.inf, -math.inf, 1e308, -1e308, 10**400, 0, 1, -1, 0.5, True, "", "x", "0.9", [], {})
GROUPS = ({}, {"sex": "f"}, {"sex": "m"})
BATCH = 500
BATCHES = int(os.environ.get("BIASGATE_FUZZ", "1000")) // BATCH


def paths(value: Any, prefix: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every part of a JSON document."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield (*prefix, key)
        yield from paths(value[key], (*prefix, key))


def damaged(document: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """A copy with one to three parts removed, doubled, moved, nudged or replaced."""
    document = copy.deepcopy(document)
    for _ in range(rng.randint(1, 3)):
        everywhere = list(paths(document))
        *way, key = rng.choice(everywhere)
        parent = document
        for step in way:
            parent = parent[step]
        match rng.choice(("remove", "double", "move", "nudge", "replace")):
            case "remove":
                del parent[key]
            case "double" if isinstance(parent, list):
                parent.append(copy.deepcopy(parent[key]))
            case "nudge" if isinstance(parent[key], float):
                parent[key] += rng.gauss(0, 0.1)
            case "move":
                source = document
                for step in rng.choice(everywhere):
                    try:
                        source = source[step]
                    except (KeyError, IndexError, TypeError):
                        break
                parent[key] = copy.deepcopy(source)
            case _:
                parent[key] = rng.choice(ODD)
    return document


def within(part: dict[str, Any], *, least: float = -math.inf, most: float = math.inf) -> bool:
    """Every bound of a number is finite, holds its value and lies in the margin; nothing of the gate is used."""
    low, high = (float(end) for end in part["bounds"])
    value = float(part["estimate"]["value"])
    finite = all(map(math.isfinite, (low, value, high)))
    return finite and low - 1e-6 <= value <= high + 1e-6 and low >= least and high <= most


def every(parts: list[dict[str, Any]], metric: str, groups: Any, **margin: float) -> bool:
    """All parts of a metric are within the margin, and each group is there."""
    chosen = [part for part in parts if part["metric"] == metric and part.get("subgroup") in list(groups)]
    return all(any(part["subgroup"] == group for part in chosen) for group in groups) and all(
        within(part, **margin) for part in chosen
    )


def naive(document: dict[str, Any], data: str, spec: str) -> bool:
    """Whether a person with the JSON and the policy in front of them could approve it."""
    found, candidate = document["evaluation"], document["candidate"]
    whole, groups = GROUPS[:1], GROUPS[1:]
    own = found["model"] == candidate["digest"] == document["scan"]["model"] and found["spec"] == spec
    unseen = candidate["training_data"] != found["data"] and 1 <= int(document["looks"]) <= 2
    repaired = document.get("repair") is not None or candidate.get("repaired_from") is not None
    rates = every(found["cells"], "accuracy", whole, least=0.85) and every(
        found["cells"], "accuracy", groups, least=0.8
    )
    gaps = [part for part in found["gaps"] if part["metric"] == "accuracy"]
    ratios = [part for part in found["ratios"] if part["metric"] == "selection_rate"]
    pairs = (
        bool(gaps and ratios) and all(within(g, most=0.1) for g in gaps) and all(within(r, least=0.7) for r in ratios)
    )
    calibrated = every(found["scores"], "calibration_error", GROUPS, most=0.12)
    clusters = [int(c["units"]) for c in found["cells"] if c["metric"] == "accuracy" and c["subgroup"] in groups]
    champion = document.get("champion")
    versus = found.get("champion")
    kept = (champion is None and versus is None) or (
        versus["model"] == champion["digest"] and every(versus["changes"], "accuracy", GROUPS, least=-0.05)
    )
    ages = [AT - datetime.fromisoformat(document[f"{what}_data_from"]) for what in ("evaluation", "training")]
    fresh = timedelta(0) <= ages[0] <= timedelta(days=100) and timedelta(0) <= ages[1] <= timedelta(days=1000)
    small = 0 <= float(document["parity"]) <= 0.001 and 0 < int(document["size"]) <= 1_000_000
    fast = 0 < float(document["latency"]["low"]) <= float(document["latency"]["high"]) <= 0.01
    covered = len(clusters) >= 2 and min(clusters) >= 400
    return all((own, unseen, not repaired, rates, pairs, calibrated, covered, kept, fresh, small, fast))


@pytest.fixture(scope="module")
def document(rich) -> dict[str, Any]:
    return json.loads(rich().to_json())


@pytest.mark.parametrize("batch", range(BATCHES))
def test_damaged_evidence_is_refused_or_approved_only_as_a_naive_reader_would(asked, document, batch):
    rng = random.Random(batch)
    verdicts: dict[str, int] = {}
    for _ in range(BATCH):
        wrong = damaged(document, rng)
        try:
            verdict = decide(asked, Evidence.parse(json.dumps(wrong), where="test"), (), AT).verdict
        except InputError:
            verdict = "refused"
        verdicts[verdict] = verdicts.get(verdict, 0) + 1
        assert verdict != "APPROVED" or naive(wrong, document["evaluation"]["data"], document["evaluation"]["spec"]), (
            wrong
        )
    assert min(verdicts[v] for v in ("APPROVED", "INSUFFICIENT_EVIDENCE", "refused")) > 0


def test_the_naive_reader_approves_what_is_whole(document):
    assert naive(document, document["evaluation"]["data"], document["evaluation"]["spec"])


def refused_or_undecided(policy: Policy, evidence: Evidence) -> bool:
    try:
        return decide(policy, evidence, (), AT).verdict == "INSUFFICIENT_EVIDENCE"
    except InputError:
        return True


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_slipped_past_the_border_is_never_approved(asked, rich, good, number):
    """Documents built without validation, as no reader of ours builds them."""
    cell = good.cells[0]
    for update in (
        {"parity": number},
        {
            "evaluation": good.model_copy(
                update={"cells": (cell.model_copy(update={"bounds": (number, 1.0)}), *good.cells[1:])}
            )
        },
        {"latency": rich().latency.model_copy(update={"high": number})},
    ):
        assert refused_or_undecided(asked, rich().model_copy(update=update))
