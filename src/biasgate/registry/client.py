"""The connection to MLflow: bounded waits, and failures that say what to do."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from biasgate.errors import InputError, ServiceError
from biasgate.extras import needs

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_ALLOW_HTTP_REDIRECTS": "false",
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
}
"""What MLflow may take before it counts as out of reach, and no other host than the server is asked; what is printed is
ours; the environment may say more."""

_WRONG_REQUEST = {"RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS", "INVALID_PARAMETER_VALUE", "BAD_REQUEST"}


def connect() -> MlflowClient:
    """A client for the server or database that ``MLFLOW_TRACKING_URI`` names.

    Raises:
        ServiceError: It is out of reach or refuses.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    needs("mlflow")
    from mlflow import MlflowClient

    with explained():
        return MlflowClient()


@contextmanager
def explained(where: str | None = None) -> Generator[None]:
    """Turns failures of MLflow, of its artifact store and of its database into one line.

    Raises:
        InputError: MLflow answered that what was asked for does not exist or is not valid.
        ServiceError: Anything else.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except MlflowException as error:
        if error.error_code in _WRONG_REQUEST:
            raise InputError(_line(error), where=where, fix="check the name in MLflow") from error
        if error.error_code == "PERMISSION_DENIED":
            what = where or "what it writes to"
            fix = f"have an admin grant it EDIT on {what}, if MLFLOW_TRACKING_URI and the account are those you mean"
            raise ServiceError("this account may not do this in MLflow", where=where, fix=fix) from error
        raise _out_of_reach(error) from error
    except (RequestException, BotoCoreError, ClientError, SQLAlchemyError) as error:
        raise _out_of_reach(error) from error


def is_missing(error: MlflowException) -> bool:
    """Whether MLflow says that something does not exist."""
    return error.error_code == "RESOURCE_DOES_NOT_EXIST"


def _out_of_reach(error: Exception) -> ServiceError:
    import mlflow

    fix = "see that MLflow runs, and that MLFLOW_TRACKING_URI and its credentials are right"
    return ServiceError(f"MLflow did not answer as it should: {_line(error)}", where=mlflow.get_tracking_uri(), fix=fix)


def _line(error: Exception) -> str:
    """The first line of an error, not too long for a terminal."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200].rstrip(".:")
