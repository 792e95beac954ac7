"""Step that ends a run as failed unless its candidate is approved."""

from __future__ import annotations

from biasgate.errors import BiasgateError


def require_approval(verdict: str, reason: str) -> None:
    """Does nothing for APPROVED.

    Raises:
        BiasgateError: The verdict is another; everything about it is written already.
    """
    from biasgate.report.terminal import VERDICT_CODES

    if code := VERDICT_CODES.get(verdict, 1):
        error = BiasgateError(f"{verdict}: {reason}", fix="see the decision's report; nothing else failed")
        error.exit_code = code
        raise error
