from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from biasgate.errors import TrustError
from biasgate.gate.ledger.entry import BreakGlassBody
from biasgate.gate.ledger.log import append
from biasgate.registry.models import submit_candidate

pytestmark = pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)


def alerts(capsys) -> list[str]:
    return [json.loads(line)["kind"] for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


def test_a_broken_glass_serves_what_was_rejected_and_says_so_twice(submit, gate, registry, capsys):
    _, source = submit(accuracy=0.5)
    gate.break_glass(source)
    (outcome,) = gate.promote()
    assert (outcome.status, registry.champion) == ("PROMOTED", "1")
    assert outcome.reason.startswith("WITHOUT APPROVAL")
    assert alerts(capsys) == ["break_glass", "break_glass"]
    assert gate.history().standing(registry.name).glass


def test_it_serves_no_other_bytes_than_those_it_was_broken_for(package, gate, registry, name):
    source = submit_candidate(package(1.0), name=name)
    entry = gate.break_glass(source)
    other = entry.body.model_copy(update={"source": submit_candidate(package(2.0), name=name)})
    append(gate.log, other, key=gate.keys["Cy"])
    assert [outcome.status for outcome in gate.promote()] == ["PROMOTED", "STALE"]
    append(gate.log, other.model_copy(update={"champion": gate.history().champions[name]}), key=gate.keys["Cy"])
    (outcome,) = gate.promote()
    assert (outcome.status, registry.champion) == ("FAILED", "1")


@pytest.mark.parametrize("owner", ["gate", "promoter", "Bo"])
def test_only_a_break_glass_key_breaks_it(package, gate, registry, name, owner):
    source = submit_candidate(package(), name=name)
    with pytest.raises(TrustError, match="no role breakglass"):
        gate.break_glass(source, key=gate.keys[owner], by=owner)
    forged = BreakGlassBody(
        name=name,
        digest=package().digest,
        source=source,
        by="Cy",
        reason="-",
        expires=datetime.now(UTC) + timedelta(hours=1),
    )
    append(gate.log, forged, key=gate.keys[owner])
    assert gate.promote() == []
    assert registry.versions == []


def test_nobody_breaks_it_in_the_name_of_another(tracking, package, gate, name):
    with pytest.raises(TrustError, match="in the name of Bo"):
        gate.break_glass(submit_candidate(package(), name=name), by="Bo")


def test_it_cannot_be_broken_for_longer_than_three_days(package, gate, registry, name):
    gate.break_glass(submit_candidate(package(), name=name), hours=73)
    assert gate.promote() == []
    assert registry.versions == []


def test_its_time_ends(package, gate, registry, name):
    entry = gate.break_glass(submit_candidate(package(), name=name))
    gate.promote()
    standing = gate.history().standing(name)
    assert standing.refusal(entry.at) is None
    assert "expired" in standing.refusal(entry.at + timedelta(hours=1))


def test_it_gives_way_to_a_champion_that_came_first(submit, gate, registry):
    _, source = submit(1.0)
    gate.break_glass(source)
    assert [outcome.status for outcome in gate.promote()] == ["PROMOTED", "STALE"]
    assert gate.history().standing(registry.name).entry == 3
