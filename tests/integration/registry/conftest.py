"""MLflow as it is really run: a server over PostgreSQL and S3, and a SQLite database on disk."""

from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pytest
from mlflow_servers import free_port, served

if TYPE_CHECKING:
    from biasgate.gate.evidence import Evidence
    from biasgate.gate.ledger.declare import Declared
    from biasgate.gate.ledger.entry import LogEntry, PromotionBody
    from biasgate.gate.ledger.history import History
    from biasgate.gate.policy import Policy
    from biasgate.gate.trust.keyring import Keyring, Role
    from biasgate.gate.trust.keys import SigningKey
    from biasgate.gate.trust.waivers import SignedWaiver
    from biasgate.models.package import CandidatePackage
    from biasgate.registry.reconcile import Findings

PROGRAMS = Path("/usr/lib/postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server; gives its SQLAlchemy URI."""
    found = sorted(PROGRAMS.glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if not found:
        pytest.fail("PostgreSQL is not installed: on Debian, `apt-get install postgresql`", pytrace=False)
    folder = Path(tempfile.mkdtemp(prefix="biasgate-postgres-"))
    who = _unprivileged(folder)
    port = free_port()

    def program(name: str, *arguments: str) -> None:
        command = [str(found[-1] / name), "-D", str(folder / "data"), *arguments]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, **who)

    settings = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    try:
        program("initdb", "-U", "mlflow", "-A", "trust", "-E", "UTF8", "--locale=C")
        program("pg_ctl", "-w", "-t", "60", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            yield f"postgresql+psycopg2://mlflow@127.0.0.1:{port}/postgres"
        finally:
            program("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then its own user runs it."""
    if os.getuid() != 0:
        return {}
    account = pwd.getpwnam("postgres")
    os.chown(folder, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@pytest.fixture(scope="session")
def mlflow_server(postgres: str, s3: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An MLflow server over PostgreSQL that keeps its artifacts in S3; gives its URL."""
    options = ("--backend-store-uri", postgres, "--artifacts-destination", f"s3://{s3.bucket}/mlflow")
    with served(tmp_path_factory.mktemp("mlflow"), *options) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database file, as a newcomer uses it."""
    return f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'mlflow.db'}"


@pytest.fixture(params=["sqlite", "mlflow_server"])
def tracking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """MLflow on SQLite, then on the server; the environment points at it."""
    uri: str = request.getfixturevalue(request.param)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    return uri


@pytest.fixture
def name() -> str:
    """A model name that no other test uses."""
    return f"digits-{uuid4().hex[:8]}"


@pytest.fixture
def package(tmp_path: Path, name: str) -> Callable[..., CandidatePackage]:
    """Packs a linear classifier of two features; another ``weight`` is another candidate."""
    from onnx import TensorProto, helper, save

    from biasgate.models.card import CandidateCard, InputContract
    from biasgate.models.package import pack

    def build(weight: float = 1.0, *, card_name: str = name) -> CandidatePackage:
        graph = helper.make_graph(
            [helper.make_node("MatMul", ["input", "weight"], ["logits"])],
            "linear",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 2])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])],
            [helper.make_tensor("weight", TensorProto.FLOAT, [2, 2], [weight, 0.0, 0.0, 1.0])],
        )
        folder = tmp_path / f"package-{uuid4().hex[:8]}"
        folder.mkdir()
        save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), folder / "m.onnx")
        card = CandidateCard(
            name=card_name,
            classes=("no", "yes"),
            input=InputContract(shape=(2,), layout="rows"),
            training_data="sha256:train",
            submitter="ana",
        )
        return pack(folder / "m.onnx", card, folder / "package")

    return build


POLICY = """
name: floor only
evaluation: {attributes: [alignment]}
weight_scan: {flag_levels: [high], on_flag: require_human, on_abstain: require_human}
rules: [{id: floor, kind: floor, min: 0.75}]
looks: 99
valid_days: 30
"""


@dataclass(frozen=True)
class Gate:
    """A gate, a promoter and three persons, each with a key of their own, around one log."""

    log: str
    keys: dict[str, SigningKey]
    trusted: Keyring
    rules: str = POLICY

    def declare(self, model: str, *, policy: str = POLICY, test: str = "", **said: Any) -> Declared:
        """Vi declares a gate; ``test`` is the digest of data, or a data source."""
        from biasgate.data.source import pin
        from biasgate.gate.declaration import GateFile, pinned
        from biasgate.gate.ledger.declare import declare

        usual = {"schema": "biasgate/gate/v1", "model": model, "policy": policy, "scan": "none"}
        file = GateFile.build({**usual, "test": test or split(model), **said}, where="test")
        made = pinned(file, pin=lambda source: (source, source) if source.startswith("sha256:") else pin(source))
        return declare(self.log, made, key=self.keys["Vi"], trusted=self.trusted)

    def decide(
        self, package: CandidatePackage, source: str, *, accuracy: float = 0.95, flagged: bool = False, **changed: Any
    ) -> LogEntry:
        """Writes down a look, and the decision about a submission that was right on this share of 750 samples.

        It is made under the gate of the model, which is declared first where there is none; ``gate``, ``policy`` and
        ``data`` make it as if under another.
        """
        from biasgate.gate.decide import decide
        from biasgate.gate.ledger.entry import DecisionBody
        from biasgate.gate.ledger.log import append
        from biasgate.gate.policy import Policy
        from biasgate.gate.trust.waivers import granted, present

        name = package.card.name
        number, declared = self.history().gate(name) or (self.declare(name).entry, None)
        text = changed.pop("policy", declared.gate.policy if declared else POLICY)
        data = changed.pop("data", declared.gate.test.digest if declared else split(name))
        policy = Policy.parse(text, where="test")
        under, looked = changed.pop("gate", number), changed.pop("looked", True)
        found = _evidence(package, source, policy, accuracy=accuracy, flagged=flagged, split=data)
        waivers = present(changed.pop("waivers", ()), self.trusted)
        decision = decide(policy, found, granted(waivers), changed.pop("at", datetime.now(UTC)))
        decision = decision.model_copy(update=changed)
        body = DecisionBody(gate=under, decision=decision, evidence=found, policy=text, waivers=waivers)
        if looked:
            self.look(package, data=data)
        return append(self.log, body, key=self.keys["gate"])

    def look(self, package: CandidatePackage, *, data: str = "") -> None:
        """Writes down that a candidate is measured on test data, by default its model's."""
        from biasgate.gate.ledger.looks import take_look

        data = data or split(package.card.name)
        take_look(
            self.log,
            data=data,
            rows=np.frombuffer(sha256(data.encode()).digest(), np.uint64),
            name=package.card.name,
            digest=package.digest,
            key=self.keys["gate"],
            trusted=self.trusted,
        )

    def waive(self, name: str, rule: str, *, days: int, policy: str = POLICY) -> SignedWaiver:
        """Bo signs that a rule of a policy need not pass."""
        from biasgate.documents import digest
        from biasgate.gate.policy import Policy
        from biasgate.gate.trust.waiver import Waiver
        from biasgate.gate.trust.waivers import sign_waiver

        waived = Waiver(
            rule=rule, policy=digest(Policy.parse(policy, where="test")), model=name, owner="vi", reason="pilot",
            expires=datetime.now(UTC) + timedelta(days=days), approved_by="Bo",
        )  # fmt: skip
        return sign_waiver(waived, key=self.keys["Bo"])

    def promote(self, **options: Any) -> list[PromotionBody]:
        from biasgate.registry.promoter import promote

        return promote(self.log, trusted=self.trusted, key=self.keys["promoter"], **options)

    def answer(self, entry: int, *, granted: bool = True) -> LogEntry:
        from biasgate.gate.ledger.answer import answer

        return answer(
            self.log,
            entry,
            granted=granted,
            approver="Bo",
            reason="looked at it",
            key=self.keys["Bo"],
            trusted=self.trusted,
        )

    def break_glass(self, source: str, **options: Any) -> LogEntry:
        from biasgate.registry.alerts import Alarm
        from biasgate.registry.break_glass import break_glass

        usual = {"by": "Cy", "reason": "outage", "hours": 1, "key": self.keys["Cy"], "alarm": Alarm()}
        return break_glass(self.log, source, trusted=self.trusted, **{**usual, **options})

    def roll_back(self, name: str, to: str | None, **options: Any) -> LogEntry:
        from biasgate.registry.alerts import Alarm
        from biasgate.registry.rollback import roll_back

        usual = {"by": "Di", "reason": "complaints", "key": self.keys["promoter"], "alarm": Alarm()}
        return roll_back(self.log, name, to=to, trusted=self.trusted, **{**usual, **options})

    def reconcile(self, *models: str, fix: bool = False, revert: bool = False) -> Findings:
        from biasgate.registry.alerts import Alarm
        from biasgate.registry.reconcile import reconcile

        key = self.keys["promoter"] if revert else None
        return reconcile(self.log, trusted=self.trusted, alarm=Alarm(), models=models, fix=fix, revert=key)

    def history(self) -> History:
        from biasgate.gate.ledger.log import read_history

        return read_history(self.log, self.trusted)


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.gate.trust.keys import read_signing_key
    from biasgate.gate.trust.rotation import new_key

    trusted = tmp_path / "trusted"
    trusted.mkdir()
    roles: dict[str, Role] = {
        "gate": "gate", "promoter": "promoter", "Bo": "approver", "Cy": "breakglass", "Vi": "owner"
    }  # fmt: skip
    keys: dict[str, SigningKey] = {}
    for owner, role in roles.items():
        new_key(tmp_path / owner, trusted=trusted, owner=owner, roles=[role])
        keys[owner] = read_signing_key((tmp_path / owner / "signing-key.pem").read_bytes(), where=owner)
    return Gate(log=str(tmp_path / "log"), keys=keys, trusted=trusted_keys(trusted))


@pytest.fixture
def checkpoint(sqlite: str, gate: Gate, tmp_path: Path) -> Callable[[], Callable[[], None]]:
    """Saves MLflow's database and the decision log; what it gives brings both back."""
    live, saved, log = sqlite.removeprefix("sqlite:///"), str(tmp_path / "saved.db"), tmp_path / "saved-log"

    def restore() -> None:
        _copy_database(saved, live)
        shutil.rmtree(gate.log)
        shutil.copytree(log, gate.log)

    def save() -> Callable[[], None]:
        _copy_database(live, saved)
        shutil.copytree(gate.log, log)
        return restore

    return save


def _copy_database(source: str, target: str) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


@pytest.fixture
def submit(
    tracking: str, package: Callable[..., Any], name: str, gate: Gate
) -> Callable[..., tuple[CandidatePackage, str]]:
    """Submits a candidate and has the gate decide about it; gives the package and its source."""
    from biasgate.registry.models import submit_candidate

    def build(weight: float = 1.0, **named: Any) -> tuple[CandidatePackage, str]:
        submitted = package(weight)
        source = submit_candidate(submitted, name=name)
        gate.decide(submitted, source, **named)
        return submitted, source

    return build


@dataclass(frozen=True)
class Registry:
    """What MLflow shows of one gate-owned model."""

    name: str

    @property
    def versions(self) -> list[str]:
        from biasgate.registry.client import connect

        return sorted(str(version.version) for version in connect().search_model_versions(f"name = '{self.name}'"))

    @property
    def champion(self) -> str | None:
        from biasgate.registry.client import connect
        from biasgate.registry.models import aliases

        return aliases(connect(), self.name).get("champion")

    def intrude(self, folder: Path) -> str:
        """Somebody registers a version of their own and points the alias at it."""
        from biasgate.registry.models import register_folder, set_alias

        folder.mkdir()
        version = register_folder(folder, name=self.name, flavour="unknown").rsplit("/", 1)[-1]
        set_alias(self.name, "champion", version)
        return version


@pytest.fixture
def registry(tracking: str, name: str) -> Registry:
    return Registry(name)


@pytest.fixture
def served_twice(submit: Callable[..., Any], gate: Gate) -> list[CandidatePackage]:
    """Version 1 served; version 2 does."""
    packages: list[CandidatePackage] = []
    for weight in (1.0, 2.0):
        packages.append(submit(weight)[0])
        gate.promote()
    return packages


def split(model: str) -> str:
    """The digest of a model's test data, which no other model has."""
    return f"sha256:{sha256(model.encode()).hexdigest()}"


def _evidence(
    package: CandidatePackage, source: str, policy: Policy, *, accuracy: float, flagged: bool, split: str
) -> Evidence:
    from biasgate.contracts.estimate import Estimate
    from biasgate.contracts.evaluation import Cell, Evaluation
    from biasgate.contracts.scan import Scan
    from biasgate.documents import digest
    from biasgate.gate.evidence import Evidence, Subject
    from biasgate.registry.models import champion

    low, high = accuracy - 0.03, accuracy + 0.03
    whole = Cell(
        metric="accuracy",
        subgroup={},
        successes=round(accuracy * 750),
        trials=750,
        clusters=750,
        estimate=Estimate(value=accuracy, low=low, high=high, n=750, method="wilson"),
        bounds=(low, high),
        simultaneous=(low, high),
    )
    return Evidence(
        candidate=Subject(
            name=package.card.name,
            source=source,
            digest=package.digest,
            training_data=package.card.training_data,
            submitter=package.card.submitter,
        ),
        scan=Scan(
            model=package.digest,
            meta_classifier="sha256:meta",
            probabilities={"none": float(not flagged), "high": float(flagged)},
            abstained=False,
            reason="-",
        ),
        evaluation=Evaluation(
            model=package.digest,
            data=split,
            spec=digest(policy.evaluation),
            rows=750,
            clusters=750,
            cells=(whole,),
            gaps=(),
            provider="CPUExecutionProvider",
        ),
        champion=champion(package.card.name),
        looks=1,
        code="test",
    )
