"""Evidence: everything measured about one candidate, in one document with digests."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Literal

from pydantic import AwareDatetime, Field

from biasgate import __version__
from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Evaluation
from biasgate.contracts.inspection import Inspection
from biasgate.contracts.repair_record import RepairRecord
from biasgate.contracts.scan import Scan
from biasgate.documents import Document


class Subject(Document):
    """Which model the evidence speaks of.

    Attributes:
        name: Name of the gate-owned registered model that it wants to become a version of.
        source: Where it was fetched from, such as ``models:/digits-candidates/3``.
        digest: Digest of its package: what is decided is what was measured.
        training_data: Digest of its training data, as its card says.
        submitter: Who answers for it, as its card says.
        repaired_from: Digest of the package that a repair started from, as its card says.
    """

    name: str
    source: str
    digest: str
    training_data: str
    submitter: str
    repaired_from: str | None = None


class Champion(Document):
    """The version behind the alias ``champion`` when the evidence was gathered."""

    version: str
    digest: str


class Evidence(Document):
    """All that a policy may look at.

    Attributes:
        candidate: The model under test.
        scan: Reading of its weights.
        evaluation: Subgroup measurement on the gate's test split; carries the paired change when a repair is judged.
        repair: How the candidate was repaired, if it was.
        parity: Largest difference of logits between the candidate's source and its ONNX form.
        has_source: False when the candidate is one form alone, so that there is nothing to compare; absent where nobody
            looked, or the repair record tells.
        champion: What serves now, if anything does.
        size: Bytes of the package's files together.
        latency: Median seconds a sample in the sandbox, in batches; it holds for the machine that measured.
        evaluation_data_from: When the gate's test split was collected.
        training_data_from: When the candidate's training data was collected, as its card says.
        looks: Looks taken at this test split so far, this one included.
        image: Digest or tag of the container image, or ``local``.
        code: Version of biasgate.
    """

    schema_: Literal["biasgate/evidence/v1"] = Field(default="biasgate/evidence/v1", alias="schema")
    candidate: Subject
    scan: Scan | None = None
    evaluation: Evaluation | None = None
    repair: RepairRecord | None = None
    parity: float | None = None
    has_source: bool | None = None
    champion: Champion | None = None
    size: int | None = Field(default=None, gt=0)
    latency: Estimate | None = None
    evaluation_data_from: AwareDatetime | None = None
    training_data_from: AwareDatetime | None = None
    looks: int = Field(ge=0)
    image: str = "local"
    code: str

    @property
    def ran(self) -> bool:
        """Whether the candidate was run; False where predictions alone were measured."""
        return self.evaluation is None or self.evaluation.ran


def join(
    *,
    source: str,
    inspection: Inspection,
    scan: Scan | None,
    evaluation: Evaluation,
    repair: RepairRecord | None = None,
    champion: Champion | None = None,
    looks: int,
    image: str = "local",
) -> Evidence:
    """The documents about one candidate, as one.

    Args:
        source: Where the candidate was fetched from.
        inspection: What its package is and says.
        scan: Reading of its weights.
        evaluation: Measurement on the test data.
        repair: How it was repaired, if it was.
        champion: What serves now, if anything does.
        looks: Looks taken at the test data so far, this one included.
        image: Digest or tag of the container image.
    """
    return Evidence(
        candidate=Subject(
            name=inspection.name,
            source=source,
            digest=inspection.model,
            training_data=inspection.training_data,
            submitter=inspection.submitter,
            repaired_from=inspection.repaired_from,
        ),
        scan=scan,
        evaluation=evaluation,
        repair=repair,
        parity=repair.parity if repair else inspection.parity,
        has_source=None if repair else inspection.has_source,
        champion=champion,
        size=inspection.size,
        latency=evaluation.latency,
        evaluation_data_from=_midnight(evaluation.collected),
        training_data_from=_midnight(inspection.training_data_from),
        looks=looks,
        image=image,
        code=__version__,
    )


def _midnight(day: date | None) -> datetime | None:
    """The moment at which a day began, in UTC."""
    return datetime.combine(day, time(), UTC) if day else None
