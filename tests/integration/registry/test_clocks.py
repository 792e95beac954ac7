"""Writers and readers whose clocks do not agree."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from biasgate.errors import TrustError
from biasgate.gate.ledger import log as log_room
from biasgate.gate.ledger.entry import BreakGlassBody
from biasgate.gate.ledger.log import append
from biasgate.registry import promoter as promoter_room
from biasgate.registry import verify as verify_room
from biasgate.registry.models import submit_candidate
from biasgate.registry.verify import verify_model

pytestmark = pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)
NOW, HOUR = datetime.now(UTC), timedelta(hours=1)


@pytest.fixture
def clock(monkeypatch):
    """Sets the clock of everything that writes or reads here by so much."""

    def set_by(ahead: timedelta) -> None:
        class Skewed(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + ahead

        for room in (log_room, promoter_room, verify_room):
            monkeypatch.setattr(room, "datetime", Skewed)

    return set_by


def test_an_approval_dated_ahead_waits_until_the_promoters_clock_is_there(submit, gate, registry, clock, capsys):
    clock(HOUR)
    submit(at=NOW + HOUR)
    clock(0 * HOUR)
    assert gate.promote() == []
    assert registry.champion is None
    (alert,) = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert (alert["kind"], alert["entry"]) == ("clock", 3)
    clock(HOUR)
    assert [outcome.status for outcome in gate.promote()] == ["PROMOTED"]


def test_a_decision_a_few_minutes_ahead_is_carried_out(submit, gate, registry):
    submit(at=NOW + timedelta(minutes=5))
    gate.promote()
    assert registry.champion == "1"


def test_a_date_far_ahead_lets_no_model_serve_even_where_a_promoter_was_deceived(submit, gate, registry, clock):
    package, _ = submit(at=NOW + timedelta(days=1000))
    clock(timedelta(days=1000))
    gate.promote()
    assert registry.champion == "1"
    clock(0 * HOUR)
    with pytest.raises(TrustError, match="clocks is wrong"):
        verify_model(str(package.path), log=gate.log, trusted=gate.trusted)
    assert [alert.kind for alert in gate.reconcile(registry.name).alerts] == ["expired"]


def test_a_broken_glass_dated_ahead_serves_no_longer_than_it_may(package, tracking, gate, registry, clock):
    candidate = package()
    source = submit_candidate(candidate, name=registry.name)
    far = NOW + timedelta(days=400)
    body = BreakGlassBody(
        name=registry.name, digest=candidate.digest, source=source, by="Cy", reason="r", expires=far + 2 * HOUR
    )
    clock(timedelta(days=400))
    append(gate.log, body, key=gate.keys["Cy"])
    clock(0 * HOUR)
    assert gate.promote() == []
    assert registry.champion is None


@pytest.mark.parametrize("ahead", [-40, 40])
def test_a_promoter_whose_clock_is_weeks_off_promotes_nothing_that_verifies_wrongly(
    submit, gate, registry, clock, ahead
):
    """Thirty days is how long this policy's approvals hold."""
    package, _ = submit()
    clock(timedelta(days=ahead))
    outcomes = gate.promote()
    clock(0 * HOUR)
    if ahead > 0:
        assert [outcome.status for outcome in outcomes] == ["STALE"]
    else:
        assert outcomes == []
        assert [outcome.status for outcome in gate.promote()] == ["PROMOTED"]
        verify_model(str(package.path), log=gate.log, trusted=gate.trusted)


def test_a_promoter_whose_clock_is_slow_writes_nothing(submit, gate, registry, clock):
    submit(at=NOW - timedelta(days=31))
    clock(timedelta(days=-2))
    with pytest.raises(TrustError, match="set the clock that is wrong"):
        gate.promote()
    clock(0 * HOUR)
    assert registry.champion is None
    assert [outcome.status for outcome in gate.promote()] == ["STALE"]
