"""What a run is held to: the gate that an owner declared for the candidate's model, read from the signed log.

Neither the gate nor the log is a parameter of a run, so that who starts one chooses the candidate and nothing else: the
environment variable ``BIASGATE_LOG`` names the log.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from biasgate.errors import InputError, TrustError

if TYPE_CHECKING:
    from biasgate.gate.declaration import Gate
    from biasgate.gate.ledger.history import History

LOG_VARIABLE = "BIASGATE_LOG"


@dataclass(frozen=True)
class RunGate:
    """The gate of a run.

    Attributes:
        number: Of its declaration's entry.
        gate: What it says.
        in_force: False when a later declaration has replaced it.
    """

    number: int
    gate: Gate
    in_force: bool


def log_uri() -> str:
    """The log that the environment names.

    Raises:
        InputError: It names none.
    """
    if not (uri := os.environ.get(LOG_VARIABLE)):
        raise InputError("no log", fix=f"set {LOG_VARIABLE} to the folder or s3:// prefix of the signed log")
    return uri


def gate_in_force(model: str) -> RunGate:
    """The gate by which a run that starts now decides about candidates of a model.

    Raises:
        InputError: None is declared.
        TrustError: The log does not verify.
    """
    declared = _history().gate(model)
    if declared is None:
        fix = "have its owner run `biasgate gate declare gate.yaml`"
        raise InputError(f"no gate is declared for {model}", where=log_uri(), fix=fix)
    return RunGate(number=declared[0], gate=declared[1].gate, in_force=True)


def gate_of_run(number: int, *, model: str) -> RunGate:
    """The gate that a run started with, by the number of its declaration.

    Raises:
        TrustError: No such declaration counts, it is that of another model, or the log does not verify.
    """
    history = _history()
    declared = history.gates.get(number)
    if declared is None or declared.gate.model != model:
        what = f"entry {number} declares no gate of {model}"
        raise TrustError(what, where=log_uri(), fix="start the run anew")
    return RunGate(number=number, gate=declared.gate, in_force=history.in_force[model] == number)


def _history() -> History:
    from biasgate.gate.ledger.log import read_history
    from biasgate.gate.trust.keyring import trusted_keys

    return read_history(log_uri(), trusted_keys())
