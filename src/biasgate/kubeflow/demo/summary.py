"""How the demo ends: before and after by subgroup, the decisions, and where everything is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biasgate.documents import Document
from biasgate.gate.ledger.entry import DecisionBody, LogEntry, PromotionBody
from biasgate.report.terminal import VERDICT_CODES, print_json, print_table, say


@dataclass(frozen=True)
class Summary:
    """The demo's decisions, in the order of the log, and what was promoted."""

    folder: Path
    decisions: list[tuple[LogEntry, DecisionBody]]
    promotions: list[PromotionBody]

    @property
    def exit_code(self) -> int:
        """0 when the last decision's candidate serves now, else the exit code of that decision, or 1."""
        verdict = self.decisions[-1][1].decision.verdict
        promoted = any(promotion.status == "PROMOTED" for promotion in self.promotions)
        return 0 if promoted else VERDICT_CODES[verdict] or 1


def summarise(folder: Path) -> Summary:
    """Reads the log, verified."""
    from biasgate.gate.ledger.log import read_log
    from biasgate.gate.trust.keyring import trusted_keys

    entries = read_log(str(folder / "log"), trusted_keys())
    return Summary(
        folder=folder,
        decisions=[(entry, entry.body) for entry in entries if isinstance(entry.body, DecisionBody)],
        promotions=[entry.body for entry in entries if isinstance(entry.body, PromotionBody)],
    )


def write_reports(summary: Summary) -> list[Path]:
    """One HTML report a decision, made again from the log alone."""
    from biasgate.gate.ledger.history import measured_under
    from biasgate.gate.ledger.log import read_history
    from biasgate.gate.policy import Policy
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.report.decision import decision_report

    paths: list[Path] = []
    before = None
    history = read_history(str(summary.folder / "log"), trusted_keys())
    for entry, body in summary.decisions:
        policy = Policy.parse(body.policy, where=f"log entry {entry.number}")
        gate = measured_under(body, history)
        page = decision_report(
            body.decision, body.evidence, policy, before=before, entry=f"entry {entry.number}", gate=gate
        )
        path = summary.folder / f"decision-{entry.number}.html"
        path.write_text(page)
        paths.append(path)
        before = body.evidence.evaluation
    return paths


def show_summary(summary: Summary, *, as_json: bool) -> None:
    """The closing table, or one JSON document."""
    reports = write_reports(summary)
    if as_json:
        print_json(
            {
                "decisions": [_plain(body.decision) for _, body in summary.decisions],
                "promotions": [_plain(promotion) for promotion in summary.promotions],
                "reports": [str(path) for path in reports],
            }
        )
        return
    print_table("accuracy by subgroup, on the gate's test split", *_rates(summary))
    for (entry, body), report in zip(summary.decisions, reports, strict=True):
        scan = body.evidence.scan
        source, verdict = body.evidence.candidate.source, body.decision.verdict
        say("", f"{source}: {verdict} (log entry {entry.number})")
        if scan:
            say(f"  weight scan: {scan.level or 'abstained'}; {scan.reason}")
        say(*(f"  {reason}" for reason in body.decision.reasons), f"  report: {report}")
    for promotion in summary.promotions:
        version = f" version {promotion.version}" if promotion.version else ""
        say("", f"{promotion.status} {promotion.name}{version}: {promotion.reason}")
    say("", f"MLflow: mlflow ui --backend-store-uri sqlite:///{summary.folder}/mlflow.db")


def _plain(document: Document) -> dict[str, Any]:
    return document.model_dump(mode="json", by_alias=True, exclude_none=True)


def _rates(summary: Summary) -> tuple[list[str], list[list[str]]]:
    """One row a subgroup and gap, one column a decision."""
    from biasgate.contracts.wording import subgroup
    from biasgate.report.text import difference, measured_share

    rows: dict[str, list[str]] = {}
    for _, body in summary.decisions:
        evaluation = body.evidence.evaluation
        if evaluation is None:
            continue
        for cell in evaluation.cells:
            rows.setdefault(subgroup(cell.subgroup), []).append(
                measured_share(cell.estimate) if cell.estimate else "too few"
            )
        for gap in evaluation.gaps:
            rows.setdefault(f"gap over {gap.attribute}", []).append(
                difference(gap.estimate) if gap.estimate else "too few"
            )
    columns = ["", *(f"version {body.evidence.candidate.source.rsplit('/', 1)[-1]}" for _, body in summary.decisions)]
    return columns, [[name, *cells] for name, cells in rows.items()]
