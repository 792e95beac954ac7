"""Meta-classifiers in the registry: loaded from it, registered in it, made champion by merit."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from biasgate.detection.reader.challenger_test import compare_with_incumbent
from biasgate.detection.reader.classifier import MetaClassifier
from biasgate.registry.client import connect
from biasgate.registry.models import CHAMPION, DIGEST_TAG, SCHEME, aliases, fetch, register_folder, set_alias

if TYPE_CHECKING:
    import pandas as pd

    from biasgate.detection.reader.group_report import GroupReport
    from biasgate.detection.reader.held_out import HonestReport
    from biasgate.detection.zoo.spec import ZooSpec

FILE = "meta-classifier.json"


def load_meta_classifier(source: str) -> MetaClassifier:
    """A meta-classifier from a file, a folder, ``s3://…``, ``models:/name/version`` or ``models:/name@alias``.

    Raises:
        InputError: There is none.
        ServiceError: MLflow or S3 is out of reach.
    """
    if Path(source).is_file():
        return MetaClassifier.load(Path(source))
    with TemporaryDirectory() as folder:
        return MetaClassifier.load(fetch(source, Path(folder))[0] / FILE)


def register_meta_classifier(meta: MetaClassifier, *, name: str, run_id: str) -> str:
    """Registers a meta-classifier as a new version.

    Returns:
        ``models:/<name>/<version>``.
    """
    with TemporaryDirectory() as folder:
        meta.save(Path(folder) / FILE)
        tags = {DIGEST_TAG: meta.digest, "biasgate.zoo": meta.zoo}
        return register_folder(Path(folder), name=name, flavour="biasgate", run_id=run_id, tags=tags)


def set_champion(
    uri: str, meta: MetaClassifier, report: HonestReport | GroupReport, table: pd.DataFrame, *, spec: ZooSpec
) -> str:
    """Points the alias ``champion`` at a registered version, if it deserves it on this zoo's test models.

    It must read levels better than chance, by its lower bound, with no leak alarm ringing; and it must not be inferior
    to the champion that is there.

    Returns:
        What happened and why, in words.
    """
    name, _, number = uri.removeprefix(SCHEME).partition("/")
    if rings := [alarm.name for alarm in report.leaks if alarm.rings]:
        return f"not champion: the zoo leaks its levels through {', '.join(rings)}"
    chance = 1 / len(report.level_names)
    if report.score.levels.low <= chance:
        return f"not champion: levels are not read better than chance ({chance:.2f})"
    if CHAMPION in aliases(connect(), name):
        incumbent = load_meta_classifier(f"{SCHEME}{name}@{CHAMPION}")
        excess = compare_with_incumbent(meta, incumbent, table, spec=spec)
        if not excess.non_inferior:
            return f"not champion: up to {excess.excess_error.high:.2f} levels worse than the incumbent"
    set_alias(name, CHAMPION, number)
    return "champion"
