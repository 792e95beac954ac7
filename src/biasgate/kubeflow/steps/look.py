"""Step that takes the look: it signs, and runs no model."""

from __future__ import annotations

from pathlib import Path

from biasgate.errors import TrustError
from biasgate.kubeflow.steps.task import task


def take_look(*, package: Path, inspection: Path, gate: int, run: str) -> int:
    """Writes the look at the declared test data into the log, before the candidate is measured on it.

    Which candidate it is, its inspection says and its bytes show: where the gate's key is, they are hashed, and nothing
    of them is opened or run. So a candidate that took over its inspection cannot look in the name of another.

    Returns:
        Which look at the test data this is, from 1; the same when the task is repeated.

    Raises:
        TrustError: The inspection is of another candidate, another gate is in force by now, the test data is not the
            declared any more, or the key may not say it: nothing is written.
    """
    from biasgate.contracts.inspection import Inspection
    from biasgate.data.source import open_pinned
    from biasgate.gate.ledger.looks import take_look as write_look
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.gate.trust.keys import signing_key
    from biasgate.gate.trust.waivers import read_waivers
    from biasgate.kubeflow.steps.declared import gate_of_run, log_uri
    from biasgate.models.package import package_digest

    with task("take_look", run=run) as tracked:
        inspected = Inspection.read(inspection)
        if package_digest(package) != inspected.model:
            raise TrustError("the inspection is of another candidate", where=inspected.name, fix="start the run anew")
        declared = gate_of_run(gate, model=inspected.name)
        if not declared.in_force:
            raise TrustError("another gate was declared meanwhile", where=f"gate {gate}", fix="start the run anew")
        key, test = signing_key(), declared.gate.test
        read_waivers(declared.gate.waivers or "")
        dataset = open_pinned(test.source, digest=test.digest)
        look = write_look(
            log_uri(),
            data=dataset.digest,
            rows=dataset.row_digests,
            name=inspected.name,
            digest=inspected.model,
            key=key,
            trusted=trusted_keys(),
        )
        tracked.log_params({"data": dataset.digest, "look": look})
    return look
