"""The core works alone: nothing that an extra brings is imported before it is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

import biasgate
from biasgate.extras import EXTRA_OF

HEAVY = ("numpy", "pandas", "scipy", "pydantic", "pyarrow")
WITHOUT_EXTRAS = f"""
import sys
for library in {list(EXTRA_OF)!r}:
    sys.modules[library] = None
"""


def python(code: str, *, folder: Path | None = None) -> str:
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_importing_biasgate_imports_no_library() -> None:
    heavy = (*HEAVY, *EXTRA_OF)
    assert python(f"import sys, biasgate; print([name for name in {heavy} if name in sys.modules])") == "[]"


def test_help_imports_no_library_but_that_of_the_command_line() -> None:
    heavy = (*HEAVY, *EXTRA_OF, "rich")
    code = f"""
import atexit, sys
from biasgate.cli import main
atexit.register(lambda: print([name for name in {heavy} if name in sys.modules]))
sys.argv = ["biasgate", "--help"]
main()
"""
    assert python(code).endswith("[]")


@pytest.mark.parametrize(
    "code",
    [
        "import doctest, biasgate; raise SystemExit(doctest.testmod(biasgate).failed)",
        "import doctest, biasgate.api.check as module; raise SystemExit(doctest.testmod(module).failed)",
        "import doctest, biasgate.api.evaluate as module; raise SystemExit(doctest.testmod(module).failed)",
        "import biasgate.gate.decide, biasgate.gate.ledger.log, biasgate.gate.trust.keyring, biasgate.gate.repeat",
        "import biasgate.evaluation.explain, biasgate.report.decision, biasgate.report.evaluation",
    ],
    ids=["the three lines", "check", "evaluate", "decide and verify", "explain and report"],
)
def test_the_core_needs_no_extra(code: str, tmp_path: Path) -> None:
    python(WITHOUT_EXTRAS + code, folder=tmp_path)


def test_a_command_that_needs_an_extra_says_which_in_one_line(tmp_path: Path) -> None:
    code = "sys.argv = ['biasgate', 'scan', 'model.safetensors']; from biasgate.cli import main; main()"
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    ran = subprocess.run([sys.executable, "-c", WITHOUT_EXTRAS + code], capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == biasgate.MissingExtraError.exit_code
    assert ran.stderr.count("\n") == 1
    assert "pip install 'biasgate[torch]'" in ran.stderr


def test_a_store_that_needs_an_extra_says_which() -> None:
    code = """
from biasgate.errors import MissingExtraError
from biasgate.storage.store import read_bytes
try:
    read_bytes("s3://bucket/key")
except MissingExtraError as error:
    print(error)
"""
    assert python(WITHOUT_EXTRAS + code) == "boto3 is not installed: pip install 'biasgate[s3]'"


def test_every_public_name_is_found_and_listed() -> None:
    for name in biasgate.__all__:
        assert callable(getattr(biasgate, name))
    assert set(biasgate.__all__) <= set(dir(biasgate))
    with pytest.raises(AttributeError, match="no attribute 'evalute'"):
        biasgate.evalute  # noqa: B018


def test_the_name_repair_can_be_called_before_and_after_a_file_of_its_room_is_imported() -> None:
    code = """
import biasgate
first = biasgate.repair
import biasgate.repair.front
print(first is biasgate.repair, callable(first))
"""
    assert python(code) == "True True"
