"""MLflow as it is really run: a server over PostgreSQL and S3, and a SQLite database on disk."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from biasgate.gate.entry import LogEntry, PromotionBody
    from biasgate.gate.evidence import Evidence
    from biasgate.gate.keyring import Keyring
    from biasgate.gate.policy import Policy
    from biasgate.gate.sign import SigningKey
    from biasgate.models.package import CandidatePackage

PROGRAMS = Path("/usr/lib/postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server; gives its SQLAlchemy URI."""
    found = sorted(PROGRAMS.glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if not found:
        pytest.fail("PostgreSQL is not installed: on Debian, `apt-get install postgresql`", pytrace=False)
    folder = Path(tempfile.mkdtemp(prefix="biasgate-postgres-"))
    who = _unprivileged(folder)
    port = _free_port()

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
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        str(Path(sys.executable).with_name("mlflow")), "server", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--backend-store-uri", postgres, "--artifacts-destination", f"s3://{s3.bucket}/mlflow",
    ]  # fmt: skip
    log = tmp_path_factory.mktemp("mlflow") / "log"
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=log.parent, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            _await(f"{url}/health", process, log)
            yield url
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until the server is healthy, at most three minutes."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the MLflow server did not start:\n{log.read_text(errors='replace')[-2000:]}")


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
weight_scan: {flag_levels: [high], on_flag: %s, on_abstain: require_human}
rules: [{id: floor, kind: floor, min: 0.75}]
looks: 2
valid_days: 30
"""


@dataclass(frozen=True)
class Gate:
    """A gate with its own log and key."""

    log: str
    key: SigningKey
    trusted: Keyring

    def decide(
        self, package: CandidatePackage, source: str, *, accuracy: float = 0.95, flagged: bool = False, **changed: Any
    ) -> LogEntry:
        """Writes down the decision about a submission that was right on this share of 750 samples."""
        from biasgate.gate.decide import decide
        from biasgate.gate.entry import DecisionBody
        from biasgate.gate.log import append
        from biasgate.gate.policy import Policy

        text = POLICY % ("require_human" if flagged else "ignore")
        policy = Policy.parse(text, where="test")
        found = _evidence(package, source, policy, accuracy=accuracy, flagged=flagged)
        decision = decide(policy, found, (), changed.pop("at", datetime.now(UTC)))
        body = DecisionBody(decision=decision.model_copy(update=changed), evidence=found, policy=text)
        return append(self.log, body, key=self.key)

    def promote(self) -> list[PromotionBody]:
        from biasgate.registry.promoter import promote

        return promote(self.log, trusted=self.trusted, key=self.key)


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    from biasgate.gate.sign import generate_key, read_signing_key, trusted_keys

    file = generate_key(tmp_path / "keys")
    key = read_signing_key(file.read_bytes(), where=str(file))
    return Gate(log=str(tmp_path / "log"), key=key, trusted=trusted_keys(tmp_path / "keys" / "trusted"))


def _evidence(package: CandidatePackage, source: str, policy: Policy, *, accuracy: float, flagged: bool) -> Evidence:
    from biasgate.documents import digest
    from biasgate.evaluation.schema import Cell, Evaluation
    from biasgate.gate.evidence import Evidence, Subject
    from biasgate.meta.scan import Scan
    from biasgate.registry.models import champion
    from biasgate.statistics.estimate import Estimate

    low, high = accuracy - 0.03, accuracy + 0.03
    whole = Cell(
        metric="accuracy",
        subgroup={},
        successes=round(accuracy * 750),
        trials=750,
        units=750,
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
            data="sha256:gate",
            spec=digest(policy.evaluation),
            rows=750,
            units=750,
            cells=(whole,),
            gaps=(),
            provider="CPUExecutionProvider",
        ),
        champion=champion(package.card.name),
        looks=1,
        code="test",
    )
