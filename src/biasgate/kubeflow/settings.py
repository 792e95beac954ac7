"""What every task gets on a cluster: resources, retries, timeouts, places, caching, and secrets by name."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, Field, model_validator

from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.kubeflow.image import BY_DIGEST
from biasgate.strict_yaml import read_yaml

VARIABLE = "BIASGATE_KFP_SETTINGS"
DEFAULTS = Path(__file__).with_name("settings.yaml")
TRUSTED_FOLDER = "/etc/biasgate/trusted"
"""Where the image looks for public keys."""

Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?(m|[kMGTP]i?|Ki)?$")]
"""An amount as Kubernetes writes it, such as ``500m`` or ``4Gi``."""


Image = Annotated[str, Field(pattern=rf"^{BY_DIGEST.pattern}$")]
"""An image by the digest of its content: what a tag names can change."""


ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]


def _loads_no_code(name: str) -> str:
    if name.startswith(("LD_", "PYTHON")):
        raise ValueError(f"{name} would load code into every task")
    return name


Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"), AfterValidator(_loads_no_code)]
"""An environment variable."""


class Share(Document):
    """How much of a resource a task is promised, and the most that it may use."""

    request: Quantity
    limit: Quantity


class Gpu(Document):
    """GPUs of one pod."""

    resource: str = "nvidia.com/gpu"
    count: int = Field(default=1, gt=0)


class Toleration(Document):
    """A taint of nodes that a task may still run on."""

    key: str
    operator: Literal["Equal", "Exists"] = "Equal"
    value: str | None = None
    effect: Literal["NoExecute", "NoSchedule", "PreferNoSchedule"] | None = None


class Affinity(Document):
    """Labels of nodes that a task must have, or prefers.

    Attributes:
        key: Of the label.
        operator: How it compares.
        values: What it compares with.
        weight: None for a must; 1 to 100 for a wish.
    """

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: tuple[str, ...] = ()
    weight: int | None = Field(default=None, ge=1, le=100)


class Kind(Document):
    """What one kind of task gets.

    Attributes:
        image: By digest; None for the image that all components share.
        cpu: Cores.
        memory: Bytes.
        scratch: Most bytes in ``/tmp``, the only folder that a task of ours writes to.
        seconds: What one attempt may take.
        gpu: None for none.
        nodes: Labels that a node must have.
        affinity: Labels of nodes by comparison, or as a wish.
        tolerations: Taints that a node may have.
    """

    image: Image | None = None
    cpu: Share
    memory: Share
    scratch: Quantity
    seconds: int = Field(gt=0)
    gpu: Gpu | None = None
    nodes: dict[str, str] = {}
    affinity: tuple[Affinity, ...] = ()
    tolerations: tuple[Toleration, ...] = ()


class Kinds(Document):
    """The kinds of task: ``light`` reads, measures and decides; ``train`` trains a shard or repairs a candidate."""

    light: Kind
    train: Kind


class Retries(Document):
    """How often Kubeflow starts a task again whose pod was lost.

    Attributes:
        times: The most retries.
        pause: Seconds before the first.
        factor: How many times longer each further pause is.
    """

    times: int = Field(ge=0, le=10)
    pause: int = Field(ge=0, le=3600)
    factor: int = Field(ge=1, le=4)

    def window(self, seconds: int) -> int:
        """Seconds from the start of the first attempt after which Kubeflow ends whatever attempt runs.

        Args:
            seconds: What one attempt may take.

        Returns:
            ``(times + 1) × seconds`` and all pauses: no attempt is cut short by those before it.
        """
        return (self.times + 1) * seconds + sum(self.pause * self.factor**n for n in range(self.times))


class Queue(Document):
    """The Kueue queue that pods wait in.

    Attributes:
        name: Of the local queue.
        priority: Of the workload priority class; None for the queue's own.
    """

    name: ObjectName
    priority: ObjectName | None = None


class Pods(Document):
    """What the pods of all tasks bear.

    Attributes:
        labels: Labels.
        annotations: Annotations.
        pull_secrets: Secrets that images are pulled with.
        queue: None where pods start as soon as a node has room.
    """

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    pull_secrets: tuple[ObjectName, ...] = ()
    queue: Queue | None = None


class Registry(Document):
    """Who tells tasks where MLflow is.

    Attributes:
        from_: ``secret``: one that ``secrets`` names. ``platform``: Kubeflow's own MLflow plugin, whose nested runs are
            then used, and none of whose variables is set beside it.
    """

    from_: Literal["secret", "platform"] = Field(default="secret", alias="from")

    @property
    def platform(self) -> bool:
        """Whether Kubeflow's plugin does."""
        return self.from_ == "platform"


class Runs(Document):
    """What a whole run gets.

    Attributes:
        seconds: How long it may take, retries included; then it is stopped, and a schedule that waited for it goes on.
        keep_succeeded: Seconds that its workflow object, pods and logs stay in the cluster after it went well.
        keep_failed: The same after it failed.
        fail_unless_approved: True where a rejection ends a gate's run as FAILED, once everything is written.
        artifacts: URI under which Kubeflow keeps the artifacts; None for the namespace's own place.
    """

    seconds: int = Field(gt=0)
    keep_succeeded: int = Field(ge=0)
    keep_failed: int = Field(ge=0)
    fail_unless_approved: bool = False
    artifacts: str | None = None


class Settings(Document):
    """Everything that a cluster needs to know about our tasks; ``settings.yaml`` says what each key means."""

    schema_: Literal["biasgate/kfp-settings/v1"] = Field(alias="schema")
    runs: Runs
    tasks: Kinds
    pods: Pods = Pods()
    retries: Retries
    caching: bool
    mlflow: Registry
    secrets: dict[ObjectName, tuple[Variable, ...]]
    storage: dict[ObjectName, tuple[Variable, ...]]
    signing: dict[ObjectName, tuple[Variable, ...]]
    alerting: dict[ObjectName, tuple[Variable, ...]]
    environment: dict[ObjectName, tuple[str, ...]]
    trusted_keys: ObjectName

    @property
    def required(self) -> dict[str, tuple[str, ...]]:
        """The secrets that runs cannot do without, by name; a role of the account may stand for that of a store."""
        return {**self.secrets, **self.storage, **self.signing}

    @model_validator(mode="after")
    def _a_run_outlasts_its_tasks(self) -> "Settings":
        longest = max(self.tasks.light.seconds, self.tasks.train.seconds)
        if self.runs.seconds < longest:
            raise ValueError(f"a run of {self.runs.seconds} s would end before one attempt of {longest} s may")
        return self


def read_settings(own: Path | None = None) -> Settings:
    """The defaults, with a file of one's own laid over them key by key.

    Raises:
        InputError: The file cannot be read, or a key or value is not what the schema says; names each one.
    """
    defaults = read_yaml(DEFAULTS.read_text(encoding="utf-8"))
    if own is None:
        return Settings.build(defaults, where=DEFAULTS.name)
    try:
        changes = read_yaml(own.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"the settings cannot be read: {error}", where=str(own), fix="check the path") from error
    if not isinstance(changes, Mapping):
        raise InputError("settings must be a mapping of keys to values", where=str(own))
    return Settings.build(_laid_over(defaults, changes), where=str(own))


@cache
def settings_in_force() -> Settings:
    """The settings that the environment names, read once: pipelines are made when their module is imported.

    Raises:
        InputError: They cannot be used.
    """
    own = os.environ.get(VARIABLE)
    return read_settings(Path(own) if own else None)


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**below, **above}
    for key in below.keys() & above.keys():
        if isinstance(below[key], Mapping) and isinstance(above[key], Mapping):
            merged[key] = _laid_over(below[key], above[key])
    return merged
