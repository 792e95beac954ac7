"""Extras: libraries that only some of biasgate needs, and the sentence that says which to install."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec

from biasgate.errors import MissingExtraError

EXTRA_OF = {
    "PIL": "images",
    "aggdraw": "faces",
    "apprise": "messages",
    "boto3": "s3",
    "botocore": "s3",
    "captum": "torch",
    "kfp": "kubeflow",
    "kfp_server_api": "kubeflow",
    "kubernetes": "kubeflow",
    "matplotlib": "plot",
    "mlflow": "mlflow",
    "mlxtend": "digits",
    "onnx": "onnx",
    "onnxmltools": "convert",
    "onnxruntime": "onnx",
    "onnxscript": "convert",
    "safetensors": "torch",
    "skl2onnx": "convert",
    "sklearn": "torch",
    "torch": "torch",
}
"""The extra of ``pip install 'biasgate[…]'`` that brings each library, by the name it is imported under."""


def needs(library: str) -> None:
    """Says before an import, in one sentence, that a library is not installed and how to install it.

    Args:
        library: Name it is imported under, one of ``EXTRA_OF``.

    Raises:
        MissingExtraError: It is not installed.
    """
    if find_spec(library) is None:
        raise _missing(library)


@contextmanager
def said_if_missing() -> Generator[None]:
    """Says the same of a library whose import fails anywhere within.

    Raises:
        MissingExtraError: A library of ``EXTRA_OF`` is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = str(error.name).partition(".")[0]
        if library not in EXTRA_OF:
            raise
        raise _missing(library) from error


def _missing(library: str) -> MissingExtraError:
    return MissingExtraError(f"{library} is not installed", fix=f"pip install 'biasgate[{EXTRA_OF[library]}]'")
