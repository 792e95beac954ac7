"""Where a reader finds more: addresses that the environment names, since the log holds none."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Self

SITE = "BIASGATE_SITE"
KUBEFLOW = "BIASGATE_KUBEFLOW_UI"
MLFLOW = "BIASGATE_MLFLOW_UI"


@dataclass(frozen=True, kw_only=True)
class Links:
    """Addresses of what people look at.

    Attributes:
        site: Where the site made from the log is published.
        kubeflow: Where the pages of Kubeflow Pipelines lie.
        mlflow: Where people open MLflow.
    """

    site: str | None = None
    kubeflow: str | None = None
    mlflow: str | None = None

    @classmethod
    def of_environment(cls) -> Self:
        """Those that ``BIASGATE_SITE``, ``BIASGATE_KUBEFLOW_UI`` and ``BIASGATE_MLFLOW_UI`` name."""
        site, kubeflow, mlflow = (os.environ.get(name, "").rstrip("/") or None for name in (SITE, KUBEFLOW, MLFLOW))
        return cls(site=site, kubeflow=kubeflow, mlflow=mlflow)

    def report(self, entry: int) -> str | None:
        """The report of a decision, by its entry's number."""
        return f"{self.site}/entries/{entry}.html" if self.site else None

    def kubeflow_run(self, run: str | None) -> str | None:
        """A run on Kubeflow Pipelines."""
        return f"{self.kubeflow}/#/runs/details/{run}" if self.kubeflow and run else None

    def version(self, place: str) -> str | None:
        """The page of a ``models:/<name>/<version>`` in MLflow."""
        within = version_within(place)
        return f"{self.mlflow}/{within}" if self.mlflow and within else None


def version_within(place: str) -> str | None:
    """The page of a ``models:/<name>/<version>``, for whoever is in MLflow already."""
    found = re.fullmatch(r"models:/([\w.-]+)/(\d+)", place, re.ASCII)
    return f"#/models/{found[1]}/versions/{found[2]}" if found else None
