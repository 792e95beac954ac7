"""Models as people log them in MLflow, fetched by who submits them."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from biasgate.errors import InputError, ServiceError
from biasgate.registry.client import connect, explained
from biasgate.registry.models import SCHEME, is_name

OWN = ("models", "runs", "mlflow-artifacts")
"""Schemes that MLflow itself resolves."""
STORES = ("file", "s3", "gs", "abfss", "wasbs", "hdfs", "dbfs", "r2", "b2", "ftp", "sftp")
"""Schemes of stores that MLflow fetches folders from."""
FORMS = "write models:/name/version, models:/name@alias, models:/m-…, runs:/run/path, or a folder"
_LINE = 200


def is_uri(source: str) -> bool:
    """Whether a source is a URI rather than a path."""
    return re.match(r"[a-z][a-z0-9+.-]*:/", source) is not None


def download_original(source: str, into: Path) -> Path:
    """Copies a logged model into a folder with the caller's own rights, wherever MLflow says that it lies.

    Args:
        source: ``models:/name/3``, ``models:/name@alias``, ``models:/m-…``, ``runs:/run/path``, or the URI of an
            artifact that MLflow fetches.
        into: An empty folder.

    Raises:
        InputError: There is no such model, version, alias, run or file, or nothing is fetched from such a URI.
        ServiceError: MLflow or its store is out of reach.
    """
    _check_form(source)
    connect()
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    with explained(source):
        try:
            return Path(download_artifacts(artifact_uri=source, dst_path=str(into)))
        except (MlflowException, RequestException, SQLAlchemyError) as error:
            raise _absent(source, str(error)) or error from error
        except (OSError, ValueError) as error:
            raise InputError(f"MLflow does not find it: {error}", where=source, fix=FORMS) from error
        except Exception as error:
            line = (str(error).strip().splitlines() or [type(error).__name__])[0][:_LINE]
            fix = "see that the credentials of its store are in the environment"
            raise ServiceError(f"its store does not answer: {line}", where=source, fix=fix) from error


def registered_name(source: str) -> str | None:
    """The model that ``models:/name/…`` names; None for other sources, and for names that no card can have."""
    path = source.removeprefix(SCHEME) if source.startswith(SCHEME) else ""
    name = re.split("[/@]", path.strip("/"), maxsplit=1)[0]
    return name if is_name(name) and not re.fullmatch(r"m-[0-9a-f]{32}", name) else None


def _check_form(source: str) -> None:
    """Refuses what MLflow would not understand, before it is asked.

    Raises:
        InputError: Models are not fetched from such a scheme, or a version or path lacks.
    """
    scheme, _, rest = source.partition(":/")
    path = rest.strip("/")
    if scheme not in (*OWN, *STORES):
        fix = f"{FORMS}; what lies elsewhere, download first"
        raise InputError(f"models are not fetched from {scheme}:", where=source, fix=fix)
    if scheme == "models" and registered_name(source) == path:
        fix = f"write models:/{path}/1, or models:/{path}@alias"
        raise InputError("it names a model and no version of it", where=source, fix=fix)
    if scheme == "file" and not Path(urlsplit(source).path).exists():
        raise InputError("there is nothing at that path", where=source, fix="check the path")


def _absent(source: str, said: str) -> InputError | None:
    """What is there instead of a path in a run, or of a stage, that MLflow does not find."""
    if said.startswith("No versions of model"):
        fix = "write the version or an alias: models:/name/3, models:/name@alias"
        return InputError("no version of the model is in that stage", where=source, fix=fix)
    run = source.removeprefix("runs:/").strip("/").partition("/")[0]
    held = _held(run) if source.startswith("runs:/") else None
    if held is None:
        return None
    fix = f"write runs:/{run}/{held[0]}" if held else "name the run that logged the model"
    what = f"the run holds nothing of that name; it holds {', '.join(held) or 'neither models nor folders'}"
    return InputError(what, where=source, fix=fix)


def _held(run: str) -> list[str] | None:
    """Names of the models that a run logged, then of its folders; None where there is no such run."""
    from mlflow.exceptions import MlflowException

    client = connect()
    try:
        outputs = client.get_run(run).outputs
        models = [client.get_logged_model(made.model_id).name for made in outputs.model_outputs] if outputs else []
        folders = [str(entry.path) for entry in client.list_artifacts(run) if entry.is_dir]
    except MlflowException:
        return None
    return list(dict.fromkeys([*filter(None, models), *folders]))
