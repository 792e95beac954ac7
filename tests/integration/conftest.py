"""Real servers for the integration tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from faulty_proxy import FaultyProxy

SERVICES = ("master", "volume", "filer", "s3")


@dataclass(frozen=True)
class S3Server:
    """Where the S3 server answers, and one bucket in it."""

    endpoint: str
    access_key: str = "biasgate"
    secret: str = field(default="only-for-tests", repr=False)
    bucket: str = "biasgate"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that boto3 reads."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
        }


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A SeaweedFS server that verifies signatures, with an empty bucket; boto3's environment points at it."""
    folder = tmp_path_factory.mktemp("s3")
    ports = dict(
        zip([f"{name}{kind}" for name in SERVICES for kind in (".port", ".port.grpc")], free_ports(), strict=True)
    )
    server = S3Server(endpoint=f"http://127.0.0.1:{ports['s3.port']}")
    with pytest.MonkeyPatch.context() as patch, (folder / "log").open("wb") as log:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in server.environment.items():
            patch.setenv(name, value)
        process = subprocess.Popen(
            _command(folder, server, ports), stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            _await(server.endpoint, process, folder / "log")
            _make_bucket(server)
            yield server
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            _remove_sockets(ports)


@pytest.fixture
def faulty_s3(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """A proxy before the S3 server that breaks what it is told to; boto3's environment points at it."""
    with FaultyProxy(s3.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        yield proxy


@pytest.fixture
def unused_port() -> int:
    """A port on which no server answers."""
    return free_ports(1)[0]


def free_ports(count: int = 2 * len(SERVICES)) -> list[int]:
    """Ports that nobody listens on at this moment."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _command(folder: Path, server: S3Server, ports: dict[str, int]) -> list[str]:
    """The server's command line, every listener on its own free port and every file in ``folder``."""
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": server.access_key, "secretKey": server.secret}],
        "actions": ["Admin", "Read", "List", "Write"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir()
    return [
        str(Path(sys.executable).with_name("weed")), "server", f"-dir={folder / 'data'}",
        "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.volumeSizeLimitMB=256", "-volume.max=20",
        "-volume.minFreeSpace=100MiB", "-master.telemetry=false", "-filer", "-s3", f"-s3.config={folder / 's3.json'}",
        "-s3.port.iceberg=0", "-s3.port.lance=0", f"-filer.localSocket={folder / 'filer.sock'}",
        f"-s3.localSocket={folder / 's3.sock'}", *(f"-{name}={port}" for name, port in ports.items()),
    ]  # fmt: skip


def _await(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until the server answers HTTP, at most a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(endpoint, timeout=5).close()
            return
        except HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the S3 server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _remove_sockets(ports: dict[str, int]) -> None:
    """Removes what a killed server leaves: gRPC sockets named by port in the temporary folder."""
    for port in ports.values():
        for left in Path(gettempdir()).glob(f"seaweedfs-*-grpc-{port}.sock"):
            left.unlink()


def _make_bucket(server: S3Server) -> None:
    """Makes the bucket, retrying while the server's parts find each other."""
    import boto3
    from botocore.config import Config

    boto3.client("s3", config=Config(retries={"mode": "standard", "total_max_attempts": 10})).create_bucket(
        Bucket=server.bucket
    )
