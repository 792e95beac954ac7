"""A docker engine, the cpu image, and containers as restricted as the manifests make them."""

import contextlib
import functools
import http.server
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RESTRICTED = [
    *("--read-only", "--tmpfs", "/tmp:size=1g", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--memory", "2g", "--pids-limit", "256"),
]
WHEELS_PORT = 18765  # a build argument, so always the same: another number would build the image anew


class Docker:
    """The docker command of one engine."""

    def __init__(self, host: str | None):
        # The client that came with the engine: others may lack BuildKit.
        self.client = shutil.which("docker", path=f"/usr/bin{os.pathsep}{os.environ['PATH']}") or "docker"
        self.environment = {**os.environ, "DOCKER_BUILDKIT": "1", **({"DOCKER_HOST": host} if host else {})}

    def __call__(self, *arguments: str, check: bool = True, **options) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [self.client, *arguments], env=self.environment, capture_output=True, text=True, check=False, **options
        )
        if check and done.returncode != 0:
            pytest.fail(f"docker {arguments[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done

    def answers(self) -> bool:
        return self.client is not None and self("version", check=False).returncode == 0


@pytest.fixture(scope="session")
def docker(pytestconfig: pytest.Config) -> Iterator[Docker]:
    """The engine that DOCKER_HOST names or that runs here; else one of our own, which ends with the tests."""
    engine = Docker(os.environ.get("DOCKER_HOST"))
    if engine.answers():
        yield engine
        return
    if not shutil.which("dockerd") or os.geteuid() != 0:
        pytest.fail(
            "no docker engine answers, and none can be started: install docker.io and be root, or set DOCKER_HOST"
        )
    with started_engine(Path(pytestconfig.cache.mkdir("containers"))) as own:
        yield own


@contextlib.contextmanager
def started_engine(store: Path) -> Iterator[Docker]:
    """An engine without a bridge or firewall rules; its images stay in ``store`` for the next time."""
    run = Path(tempfile.mkdtemp(prefix="engine-"))
    host = f"unix://{run}/docker.sock"
    command = ["dockerd", "--data-root", str(store), "--exec-root", str(run / "exec"), "--pidfile", str(run / "pid")]
    command += ["-H", host, "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--bridge=none"]
    with (run / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        engine = Docker(host)
        for _ in range(240):
            if engine.answers():
                break
            if process.poll() is not None:
                pytest.fail(f"dockerd ended: {(run / 'log').read_text()[-2000:]}")
            time.sleep(0.25)
        yield engine
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(run, ignore_errors=True)


@pytest.fixture(scope="session")
def base_image(docker: Docker) -> str:
    """The base to build on: BIASGATE_BASE_IMAGE, or a Debian made here that trusts what this machine trusts."""
    if named := os.environ.get("BIASGATE_BASE_IMAGE"):
        return named
    name = "biasgate-base:local"
    if docker("image", "inspect", name, check=False).returncode == 0:
        return name
    if not shutil.which("debootstrap"):
        pytest.fail("no base image: install debootstrap, or name one with BIASGATE_BASE_IMAGE")
    with tempfile.TemporaryDirectory() as folder:
        packages = "python3,python3-venv,python3-pip,ca-certificates"
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", folder],
            check=True,
            capture_output=True,
        )
        bundle = Path("etc/ssl/certs/ca-certificates.crt")
        shutil.copyfile(Path("/") / bundle, Path(folder) / bundle)
        settings = [f"ENV PIP_CERT=/{bundle}"]
        settings += [f"ENV {name}={os.environ[name]}" for name in ("PIP_INDEX_URL",) if name in os.environ]
        changes = [part for setting in settings for part in ("-c", setting)]
        tarball = subprocess.Popen(["tar", "-C", folder, "-c", "."], stdout=subprocess.PIPE)
        docker("import", *changes, "-", name, stdin=tarball.stdout)
        tarball.wait()
    return name


@pytest.fixture(scope="session")
def torch_index() -> Iterator[str]:
    """An index of CPU builds of torch: TORCH_INDEX_URL, or the wheels that pip's find-links has here, or none."""
    links = Path(os.environ.get("PIP_FIND_LINKS", ""))
    wheels = sorted(links.glob("torch-*.whl")) if links.is_dir() else []
    if "TORCH_INDEX_URL" in os.environ or not wheels:
        yield os.environ.get("TORCH_INDEX_URL", "")
        return
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "torch").mkdir()
        for wheel in wheels:
            (Path(folder) / "torch" / wheel.name).symlink_to(wheel)
        handler = functools.partial(QuietHandler, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", WHEELS_PORT), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{WHEELS_PORT}/"
            server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="session")
def build(docker: Docker, base_image: str, torch_index: str) -> Callable[..., None]:
    """Builds one target of the Containerfile from this working tree."""

    def run(target: str, *options: str) -> None:
        arguments = {"BASE_IMAGE": base_image, "TORCH_INDEX_URL": torch_index, "REVISION": "tested"}
        given = [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
        command = ["build", "--network", "host", "-f", "images/Containerfile", "--target", target]
        docker(*command, *given, *options, ".", cwd=ROOT)

    return run


@pytest.fixture(scope="session")
def image(build: Callable[..., None]) -> str:
    """The cpu image."""
    name = "biasgate:test"
    build("cpu", "-t", name)
    return name


@pytest.fixture(scope="session")
def restricted() -> list[str]:
    """Options that give a container as little as the manifests do."""
    return RESTRICTED


@pytest.fixture
def contained(docker: Docker, image: str):
    """Runs a command in the image: not root, read-only root, no capability, no network, bounded memory."""

    def run(*command: str, options: tuple[str, ...] = (), check: bool = True):
        entry, *arguments = command
        closed = ("--rm", "--network", "none", *RESTRICTED, *options, "--entrypoint", entry)
        return docker("run", *closed, image, *arguments, check=check)

    return run


@pytest.fixture(scope="session")
def manifest() -> Callable[[str, str], dict]:
    """Gives the container of one object in the manifests."""

    def read(path: str, kind: str) -> dict:
        documents = yaml.safe_load_all((ROOT / "manifests" / path).read_text(encoding="utf-8"))
        (found,) = [item for item in documents if item["kind"] == kind]
        return found["spec"]["template"]["spec"]["containers"][0]

    return read
