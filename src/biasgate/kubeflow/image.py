"""The image that tasks run in, named by its digest: what a tag names can change between a decision and its review."""

import os
import re

from biasgate.errors import InputError

IMAGE = "BIASGATE_IMAGE"
"""Variable that names the image, here and in every task: decisions carry it."""

USER = 10001
"""Whom the image runs as."""

BY_DIGEST = re.compile(r"[a-z0-9][a-z0-9./:_-]*@sha256:[0-9a-f]{64}")


def image_by_digest() -> str | None:
    """The image that ``BIASGATE_IMAGE`` names by its digest; None where it names none."""
    named = os.environ.get(IMAGE, "")
    return named if BY_DIGEST.fullmatch(named) else None


def require_image() -> str:
    """The same, for what goes to a cluster.

    Raises:
        InputError: The variable names no image, or one without a digest.
    """
    if image := image_by_digest():
        return image
    named = os.environ.get(IMAGE)
    what = f"the image {named} is not named by its digest" if named else "no image is named"
    raise InputError(what, fix=f"export {IMAGE}=<registry>/biasgate@sha256:…")
