"""How estimates and times are written on a page; words and plain numbers are ``contracts.wording``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from biasgate.contracts import wording
from biasgate.contracts.estimate import Estimate
from biasgate.statistics.catalogue import METRICS

INTERVAL = re.compile(r"\[([−-]?[0-9.]+), ([−-]?[0-9.]+)\]")


def plain(value: float) -> str:
    """A number that is no share, to three significant digits."""
    return typographic(f"{value:.3g}")


def interval(estimate: Estimate) -> str:
    """A number that is no share, with its interval: ``0.31 [0.28, 0.34]``."""
    return f"{plain(estimate.value)} [{plain(estimate.low)}, {plain(estimate.high)}]"


def share_interval(estimate: Estimate) -> str:
    """A share with its interval: ``.31 [.28, .34]``."""
    value, low, high = map(wording.rate, (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"


def points(value: float) -> str:
    """A difference of shares in percentage points: ``−3.2``."""
    return typographic(wording.points(value))


def measured_share(estimate: Estimate) -> str:
    """A share with interval and sample size: ``.31 [.28, .34], n 750``."""
    return f"{share_interval(estimate)}, n\u00a0{estimate.n}"


def difference(estimate: Estimate, metric: str = "") -> str:
    """A difference of shares in percentage points, likewise: ``68 points [65, 71], n 750``; of log-loss in nats."""
    if metric in METRICS and not METRICS[metric].bounded:
        return f"{interval(estimate)} {METRICS[metric].cluster}, n\u00a0{estimate.n}"
    value, low, high = map(points, (estimate.value, estimate.low, estimate.high))
    return f"{value} points [{low}, {high}], n\u00a0{estimate.n}"


def unbroken(value: Any) -> Any:
    r"""Text whose intervals stay on one line: ``.31 [.28, .34]`` has no break within its brackets.

    Example:
        >>> unbroken("Accuracy is .31 [.28, .34], n 750")
        'Accuracy is .31 [.28,\xa0.34], n 750'
    """
    return INTERVAL.sub("[\\1,\u00a0\\2]", value) if type(value) is str else value


def shortened(digest: str) -> str:
    """A digest as people compare it at a glance; the log entry has it in full.

    Example:
        >>> shortened("sha256:" + 16 * "1f14")
        'sha256:1f141f141f14…'
    """
    return f"{digest[:19]}…" if len(digest) > 20 else digest


def ranked(shares: Mapping[str, float]) -> list[tuple[str, float]]:
    """Names with their shares, the weightiest first: a canonical document does not keep the order of its keys."""
    return sorted(shares.items(), key=lambda item: (-abs(item[1]), item[0]))


def moment(at: datetime) -> str:
    """A time in UTC, to the minute; a time without a zone is read as UTC."""
    return (at.astimezone(UTC) if at.tzinfo else at).strftime("%Y-%m-%d %H:%M UTC")


def typographic(number: str) -> str:
    """A number in figures, with a minus sign for its hyphen."""
    return number.replace("-", "−")
