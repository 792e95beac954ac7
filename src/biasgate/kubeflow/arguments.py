"""The arguments of a run, checked against the parameters of its pipeline."""

import json
from collections.abc import Mapping
from typing import Any

from biasgate.errors import InputError
from biasgate.kubeflow.catalogue import load_pipeline

PARAMETERS_BYTES = 10_000
"""What the API server keeps of the parameters of one run."""


def typed_arguments(pipeline: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The same arguments, with whole numbers where the pipeline takes them.

    Raises:
        InputError: A parameter is unknown, missing, or no number where one is needed.
    """
    inputs = load_pipeline(pipeline).component_spec.inputs or {}
    if unknown := sorted(arguments.keys() - inputs.keys()):
        raise InputError(f"unknown parameter {unknown[0]!r}", where=pipeline, fix=f"use {', '.join(inputs)}")
    if missing := [name for name, spec in inputs.items() if not spec.optional and name not in arguments]:
        raise InputError(f"parameter {missing[0]!r} is missing", where=pipeline, fix=f"give {missing[0]}=…")
    try:
        return {name: int(v) if inputs[name].type == "Integer" else v for name, v in arguments.items()}
    except ValueError as error:
        raise InputError(f"a parameter is no whole number: {error}", where=pipeline) from error


def check_parameters(arguments: Mapping[str, Any], *, where: str) -> None:
    """Refuses parameters that the API server would not keep.

    Raises:
        InputError: They are too long; names the longest.
    """
    size = len(json.dumps(arguments).encode())
    if size > PARAMETERS_BYTES:
        longest = max(arguments, key=lambda name: len(json.dumps(arguments[name])))
        fix = f"put {longest!r} into a file on s3:// and give its URI"
        raise InputError(f"parameters of {size:,} bytes; a run may have {PARAMETERS_BYTES:,}", where=where, fix=fix)
