"""Where a reader finds more: addresses that the environment names, since the log holds none."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Self

SITE = "BIASGATE_SITE"
KUBEFLOW = "BIASGATE_KUBEFLOW_UI"


@dataclass(frozen=True, kw_only=True)
class Links:
    """Addresses of what people look at.

    Attributes:
        site: Where the site made from the log is published.
        kubeflow: Where the pages of Kubeflow Pipelines lie.
    """

    site: str | None = None
    kubeflow: str | None = None

    @classmethod
    def of_environment(cls) -> Self:
        """Those that ``BIASGATE_SITE`` and ``BIASGATE_KUBEFLOW_UI`` name."""
        site, kubeflow = (os.environ.get(name, "").rstrip("/") or None for name in (SITE, KUBEFLOW))
        return cls(site=site, kubeflow=kubeflow)

    def report(self, entry: int) -> str | None:
        """The report of a decision, by its entry's number."""
        return f"{self.site}/entries/{entry}.html" if self.site else None

    def kubeflow_run(self, run: str | None) -> str | None:
        """A run on Kubeflow Pipelines."""
        return f"{self.kubeflow}/#/runs/details/{run}" if self.kubeflow and run else None
