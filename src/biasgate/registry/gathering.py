"""Gathering the evidence about one candidate: what was measured, what serves now, how often the test split was seen."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from biasgate.contracts.evaluation import Evaluation
from biasgate.contracts.inspection import Inspection
from biasgate.contracts.repair_record import RepairRecord
from biasgate.contracts.scan import Scan
from biasgate.gate.evidence import Evidence, join
from biasgate.gate.ledger.log import read_history
from biasgate.gate.ledger.looks import look_number
from biasgate.gate.trust.identity import check_name
from biasgate.registry.models import champion, gated_name

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring

IMAGE = "BIASGATE_IMAGE"


def gather(
    *,
    source: str,
    inspection: Inspection,
    scan: Scan,
    evaluation: Evaluation,
    repair: RepairRecord | None,
    log: str,
    trusted: Keyring,
) -> Evidence:
    """All that a policy may look at, joined into one document; nothing of the candidate is opened or run.

    Args:
        source: Where the candidate was fetched from.
        inspection: What its package is and says.
        scan: Reading of its weights.
        evaluation: Measurement on the gate's test split.
        repair: How it was repaired, if it was.
        log: The signed log: it knows every look at the test split.
        trusted: Keys whose entries are accepted.

    Raises:
        CandidateError: It was submitted for another model than its card names.
        InputError: Its submitter's name can be mistaken for another.
        TrustError: The log, or the alias of the champion, does not verify.
        ServiceError: MLflow or the log is out of reach.
    """
    name = gated_name(source, inspection.name)
    check_name(inspection.submitter, where=f"the submitter of {source}")
    return join(
        source=source,
        inspection=inspection,
        scan=scan,
        evaluation=evaluation,
        repair=repair,
        champion=champion(name),
        looks=look_number(log, read_history(log, trusted), data=evaluation.data, digest=inspection.model) or 0,
        image=os.environ.get(IMAGE, "local"),
    )
