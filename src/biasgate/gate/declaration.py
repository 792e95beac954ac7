"""A model's gate: all that decides about its candidates, in one document that an owner signs.

An owner writes a ``GateFile``, which names a policy, data and a reader. What is declared is a ``Gate``: the policy is
embedded and the data fixed by the digest of its content, so that nothing which the file names can change afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from biasgate.contracts.scan import BUNDLED
from biasgate.documents import Document, digest
from biasgate.errors import InputError, TrustError
from biasgate.gate.policy import Memory, Policy, policy_text
from biasgate.gate.policy_check import faults
from biasgate.gate.trust.identity import account
from biasgate.storage.sources import read_document

Pin = Callable[[str], tuple[str, str]]
"""Gives the text of a data source's document, and the digest of the content that it describes."""


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Identities = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_listed)]
Methods = tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ...]
Reader = Annotated[str, Field(pattern=r"^(bundled|none|models:/.+)$")]


class Inference(Document):
    """What a candidate may use when it is run.

    Attributes:
        seconds: Wall-clock time of one pass over the test data.
        memory: Address space, such as ``6GiB`` or ``512MiB``.
        threads: Threads that compute.
        device: Where it runs.
        batch: Most samples that it is given at once.
    """

    seconds: int = Field(default=120, gt=0, le=86_400)
    memory: Memory = "2GiB"
    threads: int = Field(default=2, gt=0, le=256)
    device: Literal["cpu", "cuda"] = "cpu"
    batch: int = Field(default=512, gt=0, le=65_536)

    @property
    def limits(self) -> dict[str, Any]:
        """The same by the names of the sandbox's ``Limits``, with memory in MiB."""
        unit = 1024 if self.memory.endswith("GiB") else 1
        return {**self.model_dump(exclude={"memory"}), "memory_mb": int(self.memory[:-3]) * unit}


class GateSettings(Document):
    """What file and declaration say in the same words.

    Attributes:
        model: The gate-owned registered model; its candidates arrive in ``<model>-candidates``.
        scan: What reads the weights: ``bundled``, ``models:/…@champion``, or ``none``.
        inference: What a candidate may use when it is run.
        approvers: Persons who may answer for this gate and waive its rules, beside the key that they need for it; every
            approver's key may when none is named.
        notify: Whom alerts about this model are addressed to.
        waivers: File or URI of signed waivers that each decision presents; none when absent.
    """

    model: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    scan: Reader = BUNDLED
    inference: Inference = Inference()
    approvers: Identities = ()
    notify: Identities = ()
    waivers: str | None = None


class RepairSource(Document):
    """What a repair learns from.

    Attributes:
        data: Data source: disjoint from the test data.
        methods: Which of the policy's methods compete; all of them when none is named.
    """

    data: str
    methods: Methods = ()


class GateFile(GateSettings):
    """``gate.yaml``, as an owner writes it; files that it names are found from where the command runs.

    Attributes:
        policy: Policy as a file, a URI, or a built-in one's name.
        test: Data source of the test data.
        repair: What a repair learns from; without it nothing is repaired.
    """

    schema_: Literal["biasgate/gate/v1"] = Field(alias="schema")
    policy: str
    test: str
    repair: RepairSource | None = None


class PinnedData(Document):
    """Data that can change no more.

    Attributes:
        source: Its data source: the document's text, or a short form such as ``builtin:digits``.
        digest: Of its content: samples, labels, attributes and clusters.
    """

    source: str
    digest: str


class PinnedRepair(PinnedData):
    """Data that a repair learns from.

    Attributes:
        methods: The methods that compete.
    """

    methods: Methods


class Gate(GateSettings):
    """A gate as it is declared: whole in itself.

    Attributes:
        policy: The policy's text.
        policy_digest: What decisions name it by.
        test: The test data.
        repair: What a repair learns from; without it nothing is repaired.
    """

    policy: str
    policy_digest: str
    test: PinnedData
    repair: PinnedRepair | None = None

    @property
    def rules(self) -> Policy:
        """The policy.

        Raises:
            TrustError: Its digest is not the one that stands beside it.
            InputError: This version of biasgate cannot read it.
        """
        policy = Policy.parse(self.policy, where=f"the gate of {self.model}")
        if digest(policy) != self.policy_digest:
            what = "the gate's policy has another digest than the gate says"
            raise TrustError(what, where=self.model, fix="declare the gate again with `biasgate gate declare`")
        return policy

    def allows_approver(self, person: str) -> bool:
        """Whether a person may answer for this gate."""
        return not self.approvers or account(person) in map(account, self.approvers)


def read_gate_file(source: str) -> GateFile:
    """The gate file at a path or URI.

    Raises:
        InputError: It cannot be read, or a key or value is not what the schema says.
    """
    return read_document(GateFile, source)


def pinned(file: GateFile, *, pin: Pin) -> Gate:
    """The gate that a file describes, with the policy's text and the data's digests of this moment.

    Args:
        file: What the owner wrote.
        pin: Opens a data source.

    Raises:
        InputError: A file cannot be read, a rule of the policy can never pass, the policy allows no such repair, or
            test and repair data are the same.
    """
    text = policy_text(file.policy)
    policy = Policy.parse(text, where=file.policy)
    if found := faults(policy):
        raise InputError("; ".join(found), where=file.policy, fix="correct the rules, or measure what they ask for")
    source, content = pin(file.test)
    same = {name: getattr(file, name) for name in GateSettings.model_fields}
    return Gate(
        **same,
        policy=text,
        policy_digest=digest(policy),
        test=PinnedData(source=source, digest=content),
        repair=_pinned_repair(file.repair, policy, test=content, pin=pin) if file.repair else None,
    )


def _pinned_repair(repair: RepairSource, policy: Policy, *, test: str, pin: Pin) -> PinnedRepair:
    allowed = policy.repair.methods
    fix = "name its methods, or leave out `repair`"
    if not allowed:
        raise InputError("the policy allows no repair", where=policy.name, fix=fix)
    if unknown := set(repair.methods) - set(allowed):
        raise InputError(f"the policy allows no repair by {min(unknown)}", where=policy.name, fix=fix)
    source, content = pin(repair.data)
    if content == test:
        raise InputError("test and repair data are the same", where=repair.data, fix="repair with other data")
    return PinnedRepair(source=source, digest=content, methods=repair.methods or allowed)
