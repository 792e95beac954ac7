"""What can go wrong, each with the exit code that the command line ends with.

| exit code | meaning |
|---|---|
| 0 | done; for a decision: APPROVED |
| 1 | a bug in biasgate: the only case with a traceback |
| 2 | the command line was used wrongly |
| 3 | an input is bad: a file, a specification, a data set, a candidate; or an extra is not installed |
| 4 | decision: REJECTED |
| 5 | decision: INSUFFICIENT_EVIDENCE |
| 6 | a service is out of reach: MLflow, S3, Kubeflow |
| 7 | trust is broken: a signature, a digest or a chain does not verify; or all was done, but an alert was raised |
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from biasgate.foreign_text import visible

LONGEST = 2_000
"""Most letters of a fault that are said: a candidate's names can have millions."""


class BiasgateError(Exception):
    """A failure that a user can act on: what was wrong, where, and what to do.

    Args:
        what: The fault in one clause, without a full stop.
        where: The file, URI, key or rule that carries it.
        fix: What the user should do next.
    """

    exit_code = 3

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        what = what if len(what) <= LONGEST else f"{what[:LONGEST]}…"
        self.what, self.where, self.fix = what, where, fix
        place = f" [{where}]" if where else ""
        advice = f": {fix}" if fix else ""
        super().__init__(" ".join(str(visible(f"{what}{place}{advice}")).split()))


class InputError(BiasgateError):
    """A file, specification or data set that cannot be used as it is."""


class CandidateError(InputError):
    """A candidate that cannot be read or run safely."""


class MissingExtraError(BiasgateError, ImportError):
    """A library that an extra of biasgate brings is not installed."""


class ServiceError(BiasgateError):
    """MLflow, S3 or Kubeflow did not answer, or refused."""

    exit_code = 6


class TrustError(BiasgateError):
    """A signature, digest or chain that does not verify."""

    exit_code = 7


@contextmanager
def told_of(source: str, *, copy: Path) -> Generator[None]:
    """Faults of a copy are told as those of its source: nobody finds a temporary file again.

    Raises:
        InputError: What was raised, in its own class, with ``source`` wherever it names ``copy``.
    """
    try:
        yield
    except InputError as error:
        what, where, fix = (text and text.replace(str(copy), source) for text in (error.what, error.where, error.fix))
        raise type(error)(what or "", where=where, fix=fix) from None
