"""An evaluation as a notebook shows it: a table, a picture, a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from biasgate.contracts import evaluation as contract

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from biasgate.gate.policy import Policy

LONGEST = 60
"""Most rows of the table that is printed."""


class Evaluation(contract.Evaluation):
    """Everything measured about one model on one data set, subgroup by subgroup, with intervals.

    It prints as a table, and a notebook shows it as one. ``to_json`` and ``parse`` write and read it; the document is
    the same that the gate keeps in its log, and ``biasgate.contracts.evaluation`` says what each field means.

    Examples:
        >>> import biasgate
        >>> y_true = [0, 1] * 200
        >>> y_pred = [0, 1] * 150 + [0, 0] * 50
        >>> evaluation = biasgate.evaluate(y_true=y_true, y_pred=y_pred, attributes={"sex": ["f", "m"] * 200})
        >>> biasgate.Evaluation.parse(evaluation.to_json()) == evaluation
        True
        >>> biasgate.evaluate(y_true=y_true, y_pred=y_pred, attributes={"sex": ["f", "m"] * 200}, metrics=["accuracy"])
          metric sex  value   low  high  clusters
        accuracy   –  0.875 0.839 0.906       400
        accuracy   f  1.000 0.982 1.000       200
        accuracy   m  0.750 0.684 0.808       200
    """

    @classmethod
    def of(cls, measured: contract.Evaluation) -> Self:
        """The same evaluation with these methods.

        Args:
            measured: The evaluation that a run of the gate left, for one.
        """
        return cls.model_validate(dict(measured))

    def to_frame(self, of: Literal["subgroups", "gaps", "ratios"] = "subgroups") -> pd.DataFrame:
        """What was measured as a table, one number a row.

        Args:
            of: ``subgroups`` gives each metric in each subgroup, where a subgroup of one attribute has no value of the
                others and the whole set has none of any. ``gaps`` and ``ratios`` give each pair of subgroups.

        Returns:
            A row has the point estimate ``value``, the interval ``low`` to ``high`` and the number of
            ``clusters`` behind it. A subgroup with too few clusters has a row without a value.

        Examples:
            >>> import biasgate
            >>> evaluation = biasgate.evaluate(
            ...     y_true=["no", "yes"] * 200,
            ...     y_pred=["no", "yes"] * 150 + ["no", "no"] * 50,
            ...     attributes={"site": ["north"] * 200 + ["south"] * 200},
            ...     metrics=["accuracy"],
            ... )
            >>> evaluation.to_frame()[["metric", "site", "value", "low", "high", "clusters"]].round(2)
                 metric   site  value   low  high  clusters
            0  accuracy    NaN   0.88  0.84  0.91       400
            1  accuracy  north   1.00  0.98  1.00       200
            2  accuracy  south   0.75  0.68  0.81       200
        """
        from biasgate.api.frames import frame

        return frame(self, of=of)

    def plot(self) -> Figure:
        """The subgroups of each metric as a forest plot: a dot for the rate and a line for its interval.

        Returns:
            A matplotlib figure; ``.savefig("subgroups.png")`` writes it.

        Raises:
            MissingExtraError: matplotlib is not installed.

        Examples:
            >>> import biasgate
            >>> evaluation = biasgate.evaluate(
            ...     y_true=[0, 1] * 200, y_pred=[0, 1] * 150 + [0, 0] * 50, attributes={"sex": ["f", "m"] * 200}
            ... )
            >>> [panel.get_title(loc="left") for panel in evaluation.plot().axes]
            ['Accuracy', 'Selection rate', 'True positive rate', 'False positive rate']
        """
        from biasgate.report.forest import forest

        return forest(self)

    def save_html(self, path: str | Path, *, policy: Policy | None = None) -> None:
        """Writes rates and gaps as one page that needs nothing but itself.

        Args:
            path: Takes the page; an older file is replaced.
            policy: Draws its limits where it is given.

        Example:
            >>> import biasgate
            >>> from tempfile import TemporaryDirectory
            >>> evaluation = biasgate.evaluate(
            ...     y_true=[0, 1] * 200, y_pred=[0, 1] * 150 + [0, 0] * 50, attributes={"sex": ["f", "m"] * 200}
            ... )
            >>> with TemporaryDirectory() as folder:
            ...     evaluation.save_html(f"{folder}/evaluation.html")
        """
        from biasgate.report.evaluation import evaluation_page

        Path(path).write_text(evaluation_page(self, policy), encoding="utf-8")

    def __str__(self) -> str:
        table = self.to_frame().dropna(axis="columns", how="all")
        return table.to_string(index=False, na_rep="–", float_format="{:.3f}".format, max_rows=LONGEST)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from biasgate.report.notebook import evaluation_table

        return evaluation_table(self)
