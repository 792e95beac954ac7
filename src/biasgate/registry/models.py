"""The model registry: candidates that wait, versions that the gate owns, and the alias that names the champion.

Nothing here loads a model: versions are folders of files, described by an ``MLmodel`` file for MLflow's own tools.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biasgate.errors import BiasgateError, CandidateError, InputError, TrustError, told_of
from biasgate.gate.evidence import Champion
from biasgate.gate.trust.identity import check_name
from biasgate.models.card import NAME
from biasgate.models.package import MODEL
from biasgate.models.predictions import Candidate, PredictionsPackage
from biasgate.registry import artifacts
from biasgate.registry.client import connect, explained, is_missing
from biasgate.registry.tracking import EXPERIMENT, experiment_id
from biasgate.storage import store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

    from biasgate.models.card import CandidateCard

CHAMPION = "champion"
DIGEST_TAG = "biasgate.digest"
ENTRY_TAG = "biasgate.entry"
"""On a promoted version: number of the entry that allowed it."""
SCHEME = "models:/"
SUBMISSIONS = "-candidates"


def is_name(name: str) -> bool:
    """Whether a card can have this name; others are not asked for in the registry, whose filters they could change."""
    return re.fullmatch(NAME, name) is not None


def gated_name(source: str, name: str) -> str:
    """The gate-owned model that a candidate wants to become a version of.

    Args:
        source: Where it was fetched from.
        name: The name on its card.

    Raises:
        CandidateError: It was submitted for another model than its card names; who may submit for one model could
            otherwise be promoted into another.
    """
    if source.startswith(SCHEME):
        submitted = source.removeprefix(SCHEME).strip("/").partition("/")[0].partition("@")[0].removesuffix(SUBMISSIONS)
        if submitted != name:
            fix = f"submit it to {name}{SUBMISSIONS}, or correct the card"
            raise CandidateError(f"submitted for {submitted!r}, but its card says {name!r}", where=source, fix=fix)
    return name


def submit_candidate(
    package: Candidate,
    *,
    name: str,
    run_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> str:
    """Registers a package as a new version of ``<name>-candidates``.

    Args:
        package: What is submitted.
        name: The gate-owned model that it wants to become a version of.
        run_id: The run that made it; a new one is opened when absent.
        tags: Further tags of the version.
        metadata: What ``MLmodel`` says of the model that it was converted from.

    Returns:
        ``models:/<name>-candidates/<version>``.

    Raises:
        InputError: The submitter's name can be mistaken for another.
        ServiceError: MLflow is out of reach.
    """
    check_name(package.card.submitter, where="the card's submitter")
    return register_package(package, model=f"{name}{SUBMISSIONS}", run_id=run_id, tags=tags, metadata=metadata)


def register_package(
    package: Candidate,
    *,
    model: str,
    run_id: str | None = None,
    experiment: str = EXPERIMENT,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> str:
    """Registers the two files of a package, and nothing else, as a new version of a registered model.

    Args:
        package: What is registered.
        model: Name of the registered model.
        run_id: The run that made it; a new one is opened when absent.
        experiment: Where that new one is opened: its files are safe from whoever may not write there.
        tags: Further tags of the version.
        metadata: What ``MLmodel`` says beside.

    Returns:
        ``models:/<model>/<version>``.
    """
    with tempfile.TemporaryDirectory() as folder:
        for file in package.files:
            shutil.copyfile(package.path / file, Path(folder, file))
        return register_folder(
            Path(folder),
            name=model,
            **_described(package),
            run_id=run_id,
            experiment=experiment,
            metadata=metadata,
            tags={**(tags or {}), DIGEST_TAG: package.digest, "biasgate.submitter": package.card.submitter},
        )


def register_folder(
    folder: Path,
    *,
    name: str,
    flavour: str,
    flavour_settings: Mapping[str, Any] | None = None,
    signature: ModelSignature | None = None,
    run_id: str | None = None,
    experiment: str = EXPERIMENT,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> str:
    """Registers any folder of files as a new version, with an ``MLmodel`` file added to it.

    Tags are written together with the version: there is no moment at which it lacks them.

    Returns:
        ``models:/<name>/<version>``.
    """
    from mlflow.models import Model

    client = connect()
    described = Model(signature=signature, metadata=dict(metadata) if metadata else None)
    described.add_flavor(flavour, **(flavour_settings or {}))
    described.save(str(folder / "MLmodel"))
    place = f"{name}-{described.model_uuid}"
    _require_writable(client, name)
    with _own_run(client, name, experiment) if run_id is None else nullcontext(run_id) as run:
        ensure_model(name)
        with explained(name):
            client.log_artifacts(run, str(folder), place)
            source = f"{client.get_run(run).info.artifact_uri}/{place}"
            made = client.create_model_version(name, source=source, run_id=run, tags=dict(tags or {}))
    return f"{SCHEME}{name}/{made.version}"


def fetch(source: str, into: Path) -> tuple[Path, str]:
    """Copies the files of a model into a folder, without loading anything.

    Args:
        source: ``models:/name/version``, ``models:/name@alias``, a local folder, or ``s3://…``.
        into: An empty folder; made when absent.

    Returns:
        The folder, and the source with an alias replaced by the version that it named.

    Raises:
        InputError: There is no such version, alias or folder, or candidates are not fetched from such a URI.
        CandidateError: The files are too many, too large, or lie outside the artifact store.
    """
    into.mkdir(parents=True, exist_ok=True)
    scheme, colon, _ = source.partition(":/")
    if colon and scheme not in ("models", "s3"):
        fix = "make it a candidate with `biasgate submit`, which takes it where MLflow does, and name what that says"
        raise InputError(f"candidates are not fetched from {scheme}:", where=source, fix=fix)
    if not source.startswith(SCHEME):
        store.download(source, into)
        return into, source
    client = connect()
    name, number = _resolve(client, source)
    with explained(source):
        uri = client.get_model_version_download_uri(name, number)
    artifacts.download(uri, into, tracking_uri=client.tracking_uri)
    return into, f"{SCHEME}{name}/{number}"


def fetch_package(source: str, into: Path) -> tuple[Candidate, str]:
    """Downloads a candidate and makes a checked package of it, without running anything; see ``fetch``.

    Args:
        source: Where it lies.
        into: Folder of the package.

    Returns:
        The package, and the source with an alias replaced by the version that it named.

    Raises:
        InputError: There is no such candidate, or ``into`` exists.
        CandidateError: It is no candidate.
    """
    from biasgate.models.submission import import_candidate  # what signs reads this room and loads nothing that runs

    with tempfile.TemporaryDirectory() as folder:
        submitted, resolved = fetch(source, Path(folder))
        with told_of(resolved, copy=submitted):
            return import_candidate(submitted, into), resolved


def champion(name: str) -> Champion | None:
    """The version of a gate-owned model behind the alias ``champion``, as the registry shows it.

    Raises:
        TrustError: The alias names a version that the gate did not register.
    """
    client = connect()
    number = aliases(client, name).get(CHAMPION)
    if number is None:
        return None
    with explained(name):
        digest = client.get_model_version(name, number).tags.get(DIGEST_TAG)
    if digest is None:
        fix = "run the promoter, which points the alias at what the log says"
        raise TrustError("the champion is a version that the gate did not register", where=f"{name}/{number}", fix=fix)
    return Champion(version=number, digest=digest)


def aliases(client: MlflowClient, name: str) -> dict[str, str]:
    """The aliases of a registered model, with the version of each; empty when there is no such model."""
    from mlflow.exceptions import MlflowException

    with explained(name):
        try:
            found: dict[str, Any] = client.get_registered_model(name).aliases
        except MlflowException as error:
            if is_missing(error):
                return {}
            raise
    return {alias: str(number) for alias, number in found.items()}


def set_alias(name: str, alias: str, number: str) -> None:
    """Points an alias at a version, whatever it pointed at before."""
    with explained(name):
        connect().set_registered_model_alias(name, alias, number)


def remove_alias(name: str, alias: str) -> None:
    """Takes an alias away, if it is there."""
    with explained(name):
        connect().delete_registered_model_alias(name, alias)


def require_version(source: str) -> None:
    """Refuses a source that names no version of a registered model.

    Raises:
        InputError: There is none.
    """
    client = connect()
    name, number = _resolve(client, source)
    with explained(source):
        client.get_model_version(name, number)


def _resolve(client: MlflowClient, source: str) -> tuple[str, str]:
    """Name and version number of ``models:/name/version`` or ``models:/name@alias``."""
    path = source.removeprefix(SCHEME).strip("/")
    name, at, alias = path.partition("@")
    if at:
        if number := aliases(client, name).get(alias):
            return name, number
        raise InputError(f"no version has the alias {alias!r}", where=source, fix="set it, or name a version")
    name, _, number = path.partition("/")
    if not name or not number.isdigit():
        fix = "write models:/name/version or models:/name@alias; `biasgate submit` takes models:/m-… and runs:/… too"
        raise InputError("not a model version", where=source, fix=fix)
    return name, number


def ensure_model(name: str, *, tags: Mapping[str, str] | None = None) -> None:
    """Makes a registered model with these tags, unless it is there: then it stays as it is."""
    from mlflow.exceptions import MlflowException

    with explained(name):
        try:
            connect().create_registered_model(name, tags=dict(tags or {}))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


def _require_writable(client: MlflowClient, name: str) -> None:
    """Finds out whether this account may add versions to a registered model that is there, before anything is made.

    Raises:
        ServiceError: It may not.
    """
    from mlflow.exceptions import MlflowException

    with explained(name):
        try:
            client.update_registered_model(name, client.get_registered_model(name).description or "")
        except MlflowException as error:
            if not is_missing(error):
                raise


@contextmanager
def _own_run(client: MlflowClient, name: str, experiment: str) -> Generator[str]:
    """A run for the files of one version; it ends FAILED where they are not registered."""
    with explained(f"experiment {experiment}"):
        run = client.create_run(experiment_id(client, experiment), run_name=f"register {name}").info.run_id
    try:
        yield run
    except BaseException:
        with suppress(BiasgateError), explained(name):
            client.set_terminated(run, "FAILED")
        raise
    with explained(name):
        client.set_terminated(run)


def _described(package: Candidate) -> dict[str, Any]:
    """What MLflow is told of a package: a model by its flavour; predictions, which no tool of MLflow loads, by name."""
    if isinstance(package, PredictionsPackage):
        return {"flavour": "biasgate_predictions", "flavour_settings": {"data": package.table.name}}
    settings = {"onnx_version": version("onnx"), "data": MODEL, "providers": ["CPUExecutionProvider"]}
    return {"flavour": "onnx", "flavour_settings": settings, "signature": _signature(package.card)}


def _signature(card: CandidateCard) -> ModelSignature:
    """One tensor of samples in, one row of class scores a sample out."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    kind = np.dtype(np.float32)
    return ModelSignature(
        inputs=Schema([TensorSpec(kind, (-1, *card.input.shape))]),
        outputs=Schema([TensorSpec(kind, (-1, len(card.classes)))]),
    )
