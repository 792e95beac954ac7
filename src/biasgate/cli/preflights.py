"""``biasgate gate preflight``: tries, without a look at the test data, all that can fail in a run of the gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from biasgate.report.terminal import Json, print_json, print_table

if TYPE_CHECKING:
    from biasgate.data.dataset import Dataset
    from biasgate.gate.declaration import Gate
    from biasgate.gate.policy import Policy
    from biasgate.gate.trust.keyring import Keyring
    from biasgate.models.predictions import Candidate

app = typer.Typer()
Found = TypeVar("Found")


@dataclass(frozen=True)
class Trial:
    """One thing that can fail.

    Attributes:
        what: What was tried.
        outcome: ``not tried`` where what it takes failed before, or is not on this machine.
        reason: Why it is not ``ok``; of what is, what there is to say.
    """

    what: str
    outcome: Literal["ok", "failed", "not tried"]
    reason: str | None = None


class Trials:
    """What was tried, in order.

    Attributes:
        done: Each trial.
        code: Exit code of the first that failed; 0 when none did.
    """

    def __init__(self) -> None:
        self.done: list[Trial] = []
        self.code = 0

    def __call__(self, what: str, work: Callable[..., Found], *needs: Any) -> Found | None:
        """Tries something that takes what earlier trials gave; gives what comes of it, None when that fails.

        What gives a sentence has it said.
        """
        from biasgate.errors import BiasgateError

        if any(one is None for one in needs):
            self.skip(what, "what it takes failed")
            return None
        try:
            found = work(*needs)
        except BiasgateError as error:
            self.done.append(Trial(what=what, outcome="failed", reason=str(error)))
            self.code = self.code or error.exit_code
            return None
        self.done.append(Trial(what=what, outcome="ok", reason=found if isinstance(found, str) else None))
        return found

    def skip(self, what: str, why: str) -> None:
        """Says that something is not tried."""
        self.done.append(Trial(what=what, outcome="not tried", reason=why))


@app.command()
def preflight(
    gate: Annotated[str, typer.Argument(help="A gate-owned model, whose gate is in the log; or a gate file.")],
    candidate: Annotated[str, typer.Argument(help="The candidate: a folder, or models:/….")],
    *,
    log: Annotated[str, typer.Option(help="Folder or s3:// prefix of the signed log.", envvar="BIASGATE_LOG")] = "",
    trusted: Annotated[Path | None, typer.Option(help="Folder of trusted public keys.")] = None,
    json: Json = False,
) -> None:
    """Try all that can fail in a run of the gate before its look at the test data. Takes no look, writes nothing.

    Exit 0 when all that was tried is fine, else the code of the first failure: 3 an input, 6 a service, 7 trust.
    """
    with TemporaryDirectory() as folder:
        trials = _tried(gate, candidate, log=log, trusted=trusted, folder=Path(folder))
    if json:
        found = [asdict(trial) for trial in trials.done]
        print_json({"gate": gate, "candidate": candidate, "ready": not trials.code, "trials": found})
    else:
        title = f"{candidate} would {'fail' if trials.code else 'come to its look'} at the gate of {gate}"
        rows = [[trial.what, trial.outcome, trial.reason or ""] for trial in trials.done]
        print_table(title, ["what", "outcome", "why"], rows)
    raise typer.Exit(trials.code)


def _tried(which: str, candidate: str, *, log: str, trusted: Path | None, folder: Path) -> Trials:
    from biasgate.gate.trust.keyring import trusted_keys

    trials = Trials()
    gate = trials("the gate", lambda: _gate(which, log, trusted))
    package = trials("the candidate's package", lambda: _package(candidate, folder))
    trials("its name", _check_name, gate, package)
    rules = trials("the policy", _rules, gate)
    test = trials("the test data", _test_data, gate)
    trials("what the policy measures", _measure_nothing, package, test, rules)
    trials("the model on a few rows, as it serves", _inspect, package, test, gate)
    trials("the reader of its weights", _scan, package, gate)
    trials("the waivers", _waivers, gate)
    trials("the repair", _check_repair, gate)
    if rules and rules.needs_champion:
        _try_champion(trials, gate, log, folder)
    if log:
        keys = trials("trusted keys", lambda: trusted_keys(trusted))
        trials("looks that are left", lambda *needs: _looks(log, *needs), keys, package, test, rules)
        trials("the gate's key", _check_key, keys)
    else:
        trials.skip("looks that are left, the gate's key", "they take a log")
    return trials


def _rules(gate: Gate) -> Policy:
    return gate.rules


def _test_data(gate: Gate) -> Dataset:
    from biasgate.data.source import open_pinned

    return open_pinned(gate.test.source, digest=gate.test.digest)


def _measure_nothing(package: Candidate, test: Dataset, rules: Policy) -> None:
    from biasgate.evaluation.preflight import preflight

    preflight(package.card, test, rules.evaluation)


def _inspect(package: Candidate, test: Dataset, gate: Gate) -> None:
    from biasgate.evaluation.inspect import inspect
    from biasgate.models.sandbox.limits import Limits

    inspect(package, test, limits=Limits(**gate.inference.limits))


def _waivers(gate: Gate) -> None:
    from biasgate.gate.trust.waivers import read_waivers

    read_waivers(gate.waivers or "")


def _gate(which: str, log: str, trusted: Path | None) -> Gate:
    """The gate in a file, or the one that is in force for a model."""
    from biasgate.cli.gates import gate_in_file
    from biasgate.errors import InputError
    from biasgate.gate.ledger.log import read_history
    from biasgate.gate.trust.keyring import trusted_keys

    if Path(which).is_file() or "/" in which or which.endswith((".yaml", ".yml")):
        return gate_in_file(which)
    if not log:
        raise InputError("no log", where=which, fix="give --log, set BIASGATE_LOG, or name a gate file")
    declared = read_history(log, trusted_keys(trusted)).gate(which)
    if declared is None:
        fix = "declare one with `biasgate gate declare`, or name a gate file"
        raise InputError("no gate is declared for this model", where=which, fix=fix)
    return declared[1].gate


def _package(candidate: str, folder: Path) -> Candidate:
    """The candidate as the gate makes a package of it."""
    from biasgate.models.submission import import_candidate

    if not candidate.startswith("models:/"):
        return import_candidate(Path(candidate), folder / "package")
    from biasgate.registry.models import fetch_package, gated_name

    package, resolved = fetch_package(candidate, folder / "package")
    gated_name(resolved, package.card.name)
    return package


def _check_name(gate: Gate, package: Candidate) -> None:
    from biasgate.errors import InputError

    if (name := package.card.name) != gate.model:
        raise InputError(f"the gate is that of {gate.model}, and the card says {name}", fix="correct the card")


def _scan(package: Candidate, gate: Gate) -> None:
    """Reads the weights; a reader that abstains has not failed."""
    from biasgate.detection.reader.declared import scan_as_declared
    from biasgate.registry.meta_classifiers import fetch_meta_classifier

    scan_as_declared(package, gate.scan, fetch=fetch_meta_classifier)


def _check_repair(gate: Gate) -> None:
    from biasgate.data.source import open_pinned
    from biasgate.repair.registry import require_methods

    if gate.repair:
        require_methods(gate.repair.methods)
        open_pinned(gate.repair.source, digest=gate.repair.digest)


def _try_champion(trials: Trials, gate: Gate | None, log: str, folder: Path) -> None:
    what = "the champion that it is compared with"

    def fetched(gate: Gate) -> Candidate | None:
        from biasgate.registry.serving import champion_package

        return champion_package(gate.model, folder / "champion")

    if log:
        trials(what, fetched, gate)
    else:
        trials.skip(what, "it takes a log and a registry")


def _looks(log: str, trusted: Keyring, package: Candidate, test: Dataset, rules: Policy) -> str:
    """Which look at the test data this candidate's would be, of those that the policy allows."""
    from biasgate.data.rows import row_digests
    from biasgate.errors import InputError
    from biasgate.gate.ledger.log import read_history
    from biasgate.gate.ledger.looks import next_look

    rows = row_digests(test.samples)
    number = next_look(log, read_history(log, trusted), data=test.digest, rows=rows, digest=package.digest)
    said = f"look {number} of the {rules.looks} that the policy allows"
    if number > rules.looks:
        raise InputError(f"it would be {said}", fix="have the owner declare new test data")
    return said


def _check_key(trusted: Keyring) -> str:
    """The gate's key may sign a decision now: that of this environment, else some trusted one."""
    from datetime import UTC, datetime

    from biasgate.errors import TrustError
    from biasgate.gate.trust.keyring import PERSONAL
    from biasgate.gate.trust.keys import has_signing_key, signing_key

    if has_signing_key():
        key = signing_key()
        own = trusted.rules.get(key.public_key.keyid)
        if own is None or not PERSONAL & set(own.roles):
            trusted.check(key, "gate")
            return "the key of this environment may sign"
    now = datetime.now(UTC)
    refusals = [rules.refusal("gate", signer=None, at=now, number=None) for rules in trusted.rules.values()]
    if None not in refusals:
        what = f"no trusted key may sign a decision now: {'; '.join(map(str, refusals))}"
        raise TrustError(what, fix="make one with `biasgate keys generate --role gate`")
    return "a trusted key may sign; whether the run holds it, only the run can tell"
