"""Meta-classifiers in the registry: fetched from it, registered in it, made champion by merit.

What is stored is the document's bytes; whoever reads them is ``biasgate.detection``.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from biasgate.contracts.held_out import ChallengerTest, HeldOutReport
from biasgate.documents import LARGEST, sha256
from biasgate.errors import InputError
from biasgate.registry.client import connect
from biasgate.registry.models import CHAMPION, DIGEST_TAG, SCHEME, aliases, fetch, register_folder, set_alias
from biasgate.storage import store

FILE = "meta-classifier.json"


def fetch_meta_classifier(source: str) -> bytes:
    """A meta-classifier from a file, a folder, ``s3://…``, ``models:/name/version`` or ``models:/name@alias``.

    Raises:
        InputError: There is none.
        ServiceError: MLflow or S3 is out of reach.
    """
    if Path(source).is_file():
        return store.read_bytes(source, limit=LARGEST)
    with TemporaryDirectory() as folder:
        file = fetch(source, Path(folder))[0] / FILE
        if not file.is_file():
            raise InputError(f"there is no {FILE}", where=source, fix="name a registered meta-classifier or its file")
        return store.read_bytes(str(file), limit=LARGEST)


def champion_meta_classifier(name: str) -> bytes | None:
    """The registered model's champion; none when the alias points nowhere."""
    return fetch_meta_classifier(f"{SCHEME}{name}@{CHAMPION}") if CHAMPION in aliases(connect(), name) else None


def register_meta_classifier(document: bytes, *, zoo: str, name: str, run_id: str) -> str:
    """Registers a meta-classifier as a new version.

    Args:
        document: Its canonical JSON.
        zoo: Digest of the zoo that it learned from.
        name: Registered model to become a version of.
        run_id: MLflow run that made it.

    Returns:
        ``models:/<name>/<version>``.
    """
    with TemporaryDirectory() as folder:
        (Path(folder) / FILE).write_bytes(document)
        tags = {DIGEST_TAG: sha256(document), "biasgate.zoo": zoo}
        return register_folder(Path(folder), name=name, flavour="biasgate", run_id=run_id, tags=tags)


def set_champion(uri: str, report: HeldOutReport, *, test: ChallengerTest | None) -> str:
    """Points the alias ``champion`` at a registered version, if it deserves it on its zoo's test models.

    It must read levels better than chance, by its lower bound, with no negative control failed; and it must not be
    inferior to the champion that is there.

    Args:
        uri: From ``register_meta_classifier``.
        report: Its held-out report.
        test: It against the champion; none where there is no champion.

    Returns:
        What happened and why, in words.
    """
    name, _, number = uri.removeprefix(SCHEME).partition("/")
    if failed := [control.name for control in report.negative_controls if control.failed]:
        return f"not champion: the zoo leaks its levels through {', '.join(failed)}"
    chance = 1 / len(report.level_names)
    if report.score.levels.low <= chance:
        return f"not champion: levels are not read better than chance ({chance:.2f})"
    if test and not test.non_inferior:
        return f"not champion: up to {test.excess_error.high:.2f} levels worse than the champion"
    set_alias(name, CHAMPION, number)
    return "champion"
