"""``biasgate.scan``: what a model's weights say, before anything is run."""

from __future__ import annotations

from pathlib import Path

from biasgate.contracts.scan import Scan
from biasgate.extras import said_if_missing


def scan(model: str | Path, *, meta_classifier: str | Path | None = None) -> Scan:
    """Reads bias from the weights of a model. Nothing of the model is run.

    Args:
        model: An ONNX, safetensors or ``.pt`` file, or a package's folder.
        meta_classifier: The file of the meta-classifier that reads; by default the one that comes with biasgate, which
            knows digit networks and abstains from others.

    Raises:
        CandidateError: The model cannot be read.
        MissingExtraError: The library that reads this kind of file is not installed.

    Examples:
        >>> import biasgate
        >>> from tempfile import TemporaryDirectory
        >>> from biasgate.models.export import export_onnx
        >>> from biasgate.models.network import build
        >>> from biasgate.models.presets import preset
        >>> architecture = preset("digits_paper")
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "untrained.onnx"
        ...     _ = export_onnx(build(architecture), path=path)
        ...     biasgate.scan(path).abstained
        True
    """
    with said_if_missing():
        from biasgate.detection.reader.files import scan_files
        from biasgate.detection.reader.meta_classifier import MetaClassifier, bundled_meta_classifier

        reader = MetaClassifier.read(Path(meta_classifier)) if meta_classifier else bundled_meta_classifier()
        (found,) = scan_files(reader, [Path(model)])
    if isinstance(found.scan, Scan):
        return found.scan
    raise found.scan
