"""Commands are run as a shell runs them, save that the process is this one."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from biasgate.cli import main


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
