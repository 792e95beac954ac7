"""Step that finds what there is to judge."""

from __future__ import annotations

from biasgate.errors import InputError
from biasgate.kubeflow.steps.task import task


def list_candidates(*, name: str, which: str, limit: int) -> list[str]:
    """``models:/`` URIs of the submissions for one model that the gate should take up, at most ``limit``.

    Those that were attempted least come first, and each attempt is written into the log: see ``attempts.take_up``.

    Args:
        name: The gate-owned model.
        which: ``undecided`` or ``champion``; of the champion, the submission that its decision was about.
        limit: The most to list.

    Raises:
        InputError: ``which`` is neither.
    """
    from biasgate.gate.ledger.log import read_history
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.gate.trust.keys import signing_key
    from biasgate.kubeflow.steps.declared import log_uri
    from biasgate.registry.attempts import take_up
    from biasgate.registry.inventory import undecided
    from biasgate.registry.tracking import finish_pipeline_run, open_pipeline_run

    if which not in ("undecided", "champion"):
        raise InputError(f"no such choice: {which!r}", where="which", fix="use undecided or champion")
    run = open_pipeline_run("sweep")
    with task("list_candidates", run=run) as tracked:
        history = read_history(log_uri(), trusted_keys())
        if which == "undecided":
            found = take_up(log_uri(), name, undecided([name], history), history, most=limit, key=signing_key())
        else:
            standing = history.standing(name)
            found = [standing.authority.source] if standing else []
        tracked.log_params({"name": name, "which": which, "found": len(found), "limit": limit})
    finish_pipeline_run(run)
    return found[:limit]
