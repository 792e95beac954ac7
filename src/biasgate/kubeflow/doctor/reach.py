"""Whether network policies let one pod reach a port of another, without sending anything."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from biasgate.kubeflow.doctor.site import Objects

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Peer:
    """A pod as policies see it.

    Attributes:
        namespace: Where it lies.
        labels: Its labels.
        of_namespace: The namespace's labels.
    """

    namespace: str
    labels: Labels = field(default_factory=dict[str, str])
    of_namespace: Labels = field(default_factory=dict[str, str])


def shut_by(objects: Objects, source: Peer, target: Peer, port: int) -> str | None:
    """The namespace whose policies stand between two pods; None where nothing does.

    Addresses (``ipBlock``) are not pods: a rule that names only addresses admits none.

    Args:
        objects: The cluster.
        source: Who asks.
        target: Who is asked.
        port: On which port of the pod.
    """
    for side, own, other in (("egress", source, target), ("ingress", target, source)):
        policies = list(_binding(objects, own, side))
        rules = [rule for policy in policies for rule in policy.get(side, [])]
        if policies and not any(_admits(rule, side, other, home=own.namespace, port=port) for rule in rules):
            return own.namespace
    return None


def _binding(objects: Objects, pod: Peer, side: str) -> Iterator[dict[str, Any]]:
    for item in objects.listed("networking.k8s.io/v1/networkpolicies", namespace=pod.namespace):
        policy = item["spec"]
        if selects(policy.get("podSelector", {}), pod.labels) and side.capitalize() in policy["policyTypes"]:
            yield policy


def _admits(rule: Mapping[str, Any], side: str, other: Peer, *, home: str, port: int) -> bool:
    peers, ports = rule.get("to" if side == "egress" else "from"), rule.get("ports")
    open_port = not ports or any(_has_port(one, port) for one in ports)
    return open_port and (not peers or any(_is(peer, other, home=home) for peer in peers))


def _has_port(rule: Mapping[str, Any], port: int) -> bool:
    first = rule.get("port")
    if not isinstance(first, int):
        return True  # none, or a name that only the pod knows
    return first <= port <= rule.get("endPort", first)


def _is(peer: Mapping[str, Any], other: Peer, *, home: str) -> bool:
    if "ipBlock" in peer:
        return False
    of_namespace = {"kubernetes.io/metadata.name": other.namespace, **other.of_namespace}
    at_home = "namespaceSelector" not in peer and other.namespace == home
    named = "namespaceSelector" in peer and selects(peer["namespaceSelector"], of_namespace)
    return (at_home or named) and selects(peer.get("podSelector", {}), other.labels)


def selects(selector: Mapping[str, Any], labels: Labels) -> bool:
    """Whether a label selector selects what has these labels."""
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _holds(one, labels) for one in selector.get("matchExpressions") or []
    )


def _holds(expression: Mapping[str, Any], labels: Labels) -> bool:
    key, values = expression["key"], expression.get("values") or []
    match expression["operator"]:
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case "In":
            return labels.get(key) in values
        case _:
            return labels.get(key) not in values
