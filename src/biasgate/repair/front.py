"""``biasgate.repair``: a biased model in, a repaired one beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from biasgate.contracts.repair_record import RepairRecord
from biasgate.data.dataset import Dataset
from biasgate.data.source import DataSource, open_dataset
from biasgate.extras import said_if_missing
from biasgate.models.package import CandidatePackage, open_package
from biasgate.repair.registry import DEFAULT


def repair(
    model: CandidatePackage | str | Path,
    data: Dataset | DataSource | str | Path,
    *,
    into: str | Path,
    method: str | Sequence[str] = DEFAULT,
    attribute: str | None = None,
    seconds: float = 600,
    memory: str | None = None,
    seed: int = 0,
) -> RepairRecord:
    """Repairs a biased classifier; the model that is given stays as it is.

    Part of the data chooses the settings and is not learned from. None of it may be test data: whether the repair is
    good is for ``biasgate.evaluate`` to say, on other data.

    Args:
        model: A candidate's package, or the folder that holds it.
        data: Samples with the sensitive attribute and, in ``alignment``, whether it agrees with the label; the model
            tells where the data does not.
        into: Folder of the repaired package; new or empty.
        method: Name of the repair method, or YAML with its settings; of several the best on validation clusters wins,
            as of ``unlearning``, ``group_dro`` and ``fine_tuning`` without it. ``biasgate repair-methods`` lists all.
        attribute: Name of the sensitive attribute; without it the data has only one besides ``alignment``.
        seconds: Wall-clock budget; the record says what was left out for want of time.
        memory: Most resident memory of this process, as ``4GiB`` or ``512MiB``.
        seed: All randomness follows from it.

    Returns:
        What was tried, chosen and changed; ``into`` holds the package.

    Raises:
        CandidateError: The model cannot be repaired by this method.
        InputError: The data lacks what the method needs, the method is unknown, or ``into`` is taken.
        MissingExtraError: torch or ONNX Runtime is not installed.

    Example:
        >>> import biasgate
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from biasgate.models.card import CandidateCard, InputContract
        >>> from biasgate.models.export import export_onnx
        >>> from biasgate.models.network import build
        >>> from biasgate.models.package import pack
        >>> from biasgate.models.presets import preset
        >>> architecture = preset("digits_small")
        >>> card = CandidateCard(
        ...     name="digits",
        ...     classes=tuple("0123456789"),
        ...     input=InputContract(shape=architecture.input, layout="NCHW", scale=1 / 255),
        ...     architecture=architecture,
        ...     training_data="sha256:0",
        ...     submitter="ana",
        ... )
        >>> source = '''
        ... schema: biasgate/data-source/v1
        ... name: other digits, half of them in another digit's colour
        ... data: {kind: digits}
        ... role: repair
        ... planting: {kind: share, conflicting: 0.5}
        ... '''
        >>> with TemporaryDirectory() as folder:
        ...     onnx, data = Path(folder) / "digits.onnx", Path(folder) / "repair.yaml"
        ...     _ = export_onnx(build(architecture), path=onnx)
        ...     _ = data.write_text(source)
        ...     model = pack(onnx, card, Path(folder) / "digits")
        ...     record = biasgate.repair(model, data, into=f"{folder}/repaired", method="unlearning")
        >>> record.original == model.digest, record.chosen.chosen
        (True, True)
    """
    with said_if_missing():
        from biasgate.repair.budget import read_memory
        from biasgate.repair.competition import compete

        package = open_package(Path(model)) if isinstance(model, str | Path) else model
        dataset = data if isinstance(data, Dataset) else open_dataset(str(data) if isinstance(data, Path) else data)
        _, record = compete(
            package,
            dataset,
            methods=[method] if isinstance(method, str) else method,
            attribute=attribute,
            into=Path(into),
            seconds=seconds,
            memory=read_memory(memory) if memory else None,
            seed=seed,
        )
    return record
