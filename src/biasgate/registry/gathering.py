"""Gathering the evidence about one candidate: what was measured, what serves now, how often the test split was seen."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import biasgate
from biasgate.contracts.evaluation import Evaluation
from biasgate.contracts.repair_record import RepairRecord
from biasgate.contracts.scan import Scan
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.ledger.entry import LookBody
from biasgate.gate.ledger.log import look_number, read_log
from biasgate.models.package import CandidatePackage
from biasgate.registry.models import champion, gated_name

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring

IMAGE = "BIASGATE_IMAGE"


def gather(
    package: CandidatePackage,
    *,
    source: str,
    scan: Scan,
    evaluation: Evaluation,
    repair: RepairRecord | None,
    log: str,
    trusted: Keyring,
) -> Evidence:
    """All that a policy may look at, in one document.

    Args:
        package: The candidate.
        source: Where it was fetched from.
        scan: Reading of its weights.
        evaluation: Measurement on the gate's test split.
        repair: How it was repaired, if it was.
        log: The signed log: it knows every look at the test split.
        trusted: Whose entries count.

    Raises:
        CandidateError: It was submitted for another model than its card names, or its card's architecture is not the
            model's.
        TrustError: The log, or the alias of the champion, does not verify.
        ServiceError: MLflow or the log is out of reach.
    """
    from biasgate.models.restore import declared_parity

    card = package.card
    name = gated_name(source, card)
    return Evidence(
        candidate=Subject(
            name=name,
            source=source,
            digest=package.digest,
            training_data=card.training_data,
            submitter=card.submitter,
            repaired_from=card.repaired_from,
        ),
        scan=scan,
        evaluation=evaluation,
        repair=repair,
        parity=repair.parity if repair else declared_parity(package),
        champion=champion(name),
        size=package.size,
        latency=evaluation.latency,
        evaluation_data_from=_midnight(evaluation.collected),
        training_data_from=_midnight(card.training_data_from),
        looks=look_number(read_log(log, trusted), LookBody(data=evaluation.data, name=name, digest=package.digest))
        or 0,
        image=os.environ.get(IMAGE, "local"),
        code=biasgate.__version__,
    )


def _midnight(day: date | None) -> datetime | None:
    """The moment at which a day began, in UTC."""
    return datetime.combine(day, time(), UTC) if day else None
