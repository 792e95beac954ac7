"""Meta-classifiers in the registry: loaded from it, registered in it, made champion by merit."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from biasgate.meta.classifier import MetaClassifier
from biasgate.registry.models import CHAMPION, SCHEME, fetch, register_folder, set_alias

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
        tags = {"biasgate.digest": meta.digest, "biasgate.zoo": meta.zoo}
        return register_folder(Path(folder), name=name, flavour="biasgate", run_id=run_id, tags=tags)


def make_champion(uri: str) -> None:
    """Points the alias ``champion`` at a registered version."""
    name, _, number = uri.removeprefix(SCHEME).partition("/")
    set_alias(name, CHAMPION, number)
