"""Options of commands that run a candidate without a gate: what it may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from biasgate.models.sandbox.limits import Limits

Seconds = Annotated[int | None, typer.Option(help="Seconds that running the model may take; 120 by default.")]
Memory = Annotated[str | None, typer.Option(help="Memory that it may use, such as 6GiB; 2GiB by default.")]
Threads = Annotated[int | None, typer.Option(help="Threads that compute; 2 by default.")]
OnDevice = Annotated[str | None, typer.Option("--device", help="Where it runs: cpu (by default) or cuda.")]
Batch = Annotated[int | None, typer.Option(help="Most samples that it is given at once; 512 by default.")]


def limits_of(
    *, seconds: int | None, memory: str | None, threads: int | None, device: str | None, batch: int | None
) -> Limits:
    """The options as a gate's ``inference``.

    Raises:
        InputError: A value is none that a gate may have.
    """
    from biasgate.gate.declaration import Inference
    from biasgate.models.sandbox.limits import Limits

    asked = {"seconds": seconds, "memory": memory, "threads": threads, "device": device, "batch": batch}
    given = {name: value for name, value in asked.items() if value is not None}
    return Limits(**Inference.build(given, where="the options of the run").limits)
