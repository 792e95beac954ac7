"""``biasgate.load_policy``: the rules that a model is held against."""

from __future__ import annotations

from pathlib import Path

from biasgate.gate.policy import Policy, read_policy


def load_policy(source: str | Path) -> Policy:
    """Reads a policy.

    Args:
        source: A policy's file, URI or text in YAML, or the name of one that comes with biasgate.

    Raises:
        InputError: It cannot be read, or a key or value is not what the schema says.

    Examples:
        >>> import biasgate
        >>> policy = biasgate.load_policy("impact_ratio")
        >>> policy.evaluation.attributes
        ('sex', 'race')
        >>> [rule.id for rule in policy.rules]
        ['impact_by_sex', 'impact_by_race', 'impact_by_both', 'audit_year', 'onnx_parity']
    """
    return read_policy(str(source))
