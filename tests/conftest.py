"""Commands are run as a shell runs them, save that the process is this one."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from biasgate.cli import main

FOLDERS = {"integration": "servers", "containers": "containers"}
"""The mark of every test in a folder."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks tests by what they need, so that ``-m "not slow and not servers"`` is quick."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if mark := FOLDERS.get(folder):
            item.add_marker(mark)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Logs that tests read are remembered in folders of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIASGATE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def biasgate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs ``biasgate`` with arguments."""

    def command(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["biasgate", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Ended(code=int(ended.value.code or 0), out=captured.out, err=captured.err)

    return command
