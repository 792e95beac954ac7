"""The figures of an audit and the tables of its page: ``python docs/figures/audit.py``.

Reads ``benchmarks/results/audit-kernel-faces.json``, which ``biasgate audit run`` wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from biasgate.audit.result import AuditResult, Effect
from biasgate.report.audit import effect_rows, in_points, summary
from biasgate.report.audit_figures import effect_figure, spectrum_figure
from biasgate.report.text import interval

DOCS = Path(__file__).parents[1]
RESULT = DOCS.parent / "benchmarks" / "results" / "audit-kernel-faces.json"
SHOWN = 10


def main() -> None:
    """Writes both figures, and replaces the page's tables."""
    result = AuditResult.read(RESULT)
    for name, draw in (("effects", effect_figure), ("spectra", spectrum_figure)):
        Path(__file__).with_name(f"kernel_{name}.svg").write_text(draw(result))
    page = DOCS.parent / "benchmarks" / "report" / "architecture_audit.md"
    text = page.read_text()
    for name, made in (("summary", _summary), ("overall", _overall), ("gaps", _gaps), ("spectra", _spectra)):
        text = _replaced(text, name, made(result))
    page.write_text(text)


def _replaced(text: str, name: str, lines: Iterable[str]) -> str:
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, _, rest = text.partition(start)
    return before + start + "\n".join(lines) + "\n" + rest[rest.index(end) :]


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    head = list(head)
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def _summary(result: AuditResult) -> list[str]:
    return [f"- {sentence}" for sentence in summary(result)]


def _overall(result: AuditResult) -> list[str]:
    """Accuracy of the reference on all images, and τ of every arm against it or its control."""
    reference = next(p for p, arm in enumerate(result.arms) if arm.value == result.spec.intervention.reference)
    levels = {v.view: v.estimate for v in result.levels if v.arm == reference and not v.subgroup}
    rows = [[f"accuracy of {result.arms[reference].name}", *(f"{100 * levels[v].value:.1f}" for v in result.views)]]
    found = _by_contrast(result, lambda effect: not effect.subgroup)
    rows += [[name, *(_cell(effects[view]) for view in result.views)] for name, effects in found.items()]
    return _table(["all images", *result.views], rows)


def _by_contrast(result: AuditResult, chosen: Callable[[Effect], bool]) -> dict[str, dict[str, Effect]]:
    found: dict[str, dict[str, Effect]] = {}
    for effect in filter(chosen, result.effects):
        name = f"{result.arms[effect.arm].name} − {result.arms[effect.against].name}"
        found.setdefault(name, {})[effect.view] = effect
    return found


def _cell(effect: Effect) -> str:
    text = in_points(effect.estimate)
    return f"**{text}**" if effect.holm < 0.05 else text


def _gaps(result: AuditResult) -> list[str]:
    rows = effect_rows(result, result.gaps)[:SHOWN]
    return _table(
        ["arm", "against", "images", "gap", "effect, points", "on these images", "p (Holm)"],
        [row.cells for row in rows],
    )


def _spectra(result: AuditResult) -> list[str]:
    rows = [
        [arm.name, f"{arm.parameters:,}", interval(spectrum.centroid)]
        for arm, spectrum in zip(result.arms, result.spectra, strict=True)
    ]
    return _table(["arm", "parameters", "centroid, cycles a pixel"], rows)


if __name__ == "__main__":
    main()
