"""UCI's Adult from two files to words: a logistic regression, its evaluation by sex and race, and what that shows.

    python benchmarks/adult.py     # its JSON in benchmarks/results, its tables in benchmarks/report/evaluation.md

Run it from the repository's root, with UCI's ``adult.data`` and ``adult.test`` in ``build/adult``;
benchmarks/report/evaluation.md says where they come from. What it writes there, a
package, ``evaluation.json`` and ``explained.json``, stays.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import fairlearn.metrics
import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from biasgate.contracts.evaluation import Evaluation
from biasgate.data.dataset import Dataset
from biasgate.data.source import DataSource, open_dataset
from biasgate.evaluation.evaluate import predict
from biasgate.evaluation.explain import EvaluationExplained
from biasgate.models.architecture import Architecture
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.export import export_onnx
from biasgate.models.layers.dense import Dense
from biasgate.models.network import build
from biasgate.models.package import CandidatePackage, pack
from biasgate.models.preprocess import preprocess
from biasgate.report.text import share_interval

FOLDER, RESULT, PAGE = (
    Path("build/adult"),
    Path("benchmarks/results/adult.json"),
    Path("benchmarks/report/evaluation.md"),
)
DATA, POLICY = Path("benchmarks/adult/data.yaml"), Path("benchmarks/adult/policy.yaml")
TRAIN_DIGEST = "sha256:f2c62076f19504d99a38b22badf445a7f42530ade6b827acf78dd143fbce38bb"
COLUMNS = (
    "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,capital-gain,"
    "capital-loss,hours-per-week,native-country,income"
)
SHOWN = ("accuracy", "selection_rate", "true_positive_rate", "false_positive_rate")
VERDICTS = (0, 4, 5)
"""Exit codes that say a verdict: to be rejected is a finding."""
PEERS = ("demographic_parity_difference", "equal_opportunity_difference", "equalized_odds_difference")


def clean(file: str, *, junk: int) -> Path:
    """One of UCI's files with a header line, without the lines of junk before, spaces, and stops after labels."""
    lines = (FOLDER / file).read_text().splitlines()[junk:]
    rows = [line.replace(", ", ",").removesuffix(".") for line in lines if line]
    cleaned = FOLDER / f"{file.removeprefix('adult.').replace('data', 'train')}.csv"
    cleaned.write_text("\n".join([COLUMNS, *rows]) + "\n")
    return cleaned


def sets() -> tuple[Dataset, Dataset]:
    """Training and test rows, under one declaration of columns and each under its digest."""
    if not all((FOLDER / file).is_file() for file in ("adult.data", "adult.test")):
        sys.exit(f"{FOLDER} lacks adult.data or adult.test; benchmarks/report/evaluation.md says where they come from")
    training, test = clean("adult.data", junk=0), DataSource.read(DATA)
    clean("adult.test", junk=1)
    file = test.data.file.model_copy(update={"uri": str(training), "sha256": TRAIN_DIGEST})
    source = test.model_copy(update={"name": "Adult, training", "data": test.data.model_copy(update={"file": file})})
    return open_dataset(source), open_dataset(test)


def candidate(training: Dataset) -> CandidatePackage:
    """A logistic regression as a package: one Gemm, logits 0 and wx + b; its card standardises the numbers."""
    numbers = len(DataSource.read(DATA).data.numeric)
    mean, std = training.samples.mean(axis=0), training.samples.std(axis=0)
    mean[numbers:], std[numbers:] = 0, 1
    width = training.samples.shape[1]
    contract = InputContract(shape=(width,), layout="rows", mean=tuple(mean.tolist()), std=tuple(std.tolist()))
    fitted = LogisticRegression(max_iter=1000).fit(preprocess(training.samples, contract), training.labels)
    architecture = Architecture(name="logistic", input=(width,), layers=(Dense(out=2),))
    network = build(architecture)
    with torch.no_grad():
        for parameter, values in zip(network.parameters(), (fitted.coef_[0], fitted.intercept_[0]), strict=True):
            parameter.copy_(torch.from_numpy(np.stack([np.zeros_like(values), values])))
    graph, folder = FOLDER / "logistic.onnx", FOLDER / "candidate"
    export_onnx(network, path=graph)
    shutil.rmtree(folder, ignore_errors=True)
    card = CandidateCard(
        name="adult-logistic",
        classes=training.classes,
        input=contract,
        architecture=architecture,
        training_data=training.digest,
        submitter="benchmarks/adult.py",
    )
    return pack(graph, card, folder)


def biasgate(*arguments: str, into: str) -> Path:
    """What a command prints as JSON, kept in a file."""
    command = [str(Path(sys.executable).with_name("biasgate")), *arguments, "--json"]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE)
    if done.returncode not in VERDICTS:
        sys.exit(done.returncode)
    (FOLDER / into).write_bytes(done.stdout)
    return FOLDER / into


def furthest_from_fairlearn(package: CandidatePackage, test: Dataset, evaluation: Evaluation) -> float:
    """Largest distance of a disparity from fairlearn's of the same name, over all that carry a number."""
    predicted, attributes = predict(package, test).classes, test.attributes
    distances = [
        abs(
            disparity.estimate.value
            - getattr(fairlearn.metrics, disparity.name)(
                test.labels, predicted, sensitive_features=attributes[disparity.attribute.split("*")]
            )
        )
        for disparity in evaluation.disparities or ()
        if disparity.estimate and disparity.name in PEERS
    ]
    return max(distances)


def subgroups(evaluation: Evaluation) -> Iterator[str]:
    """A table: one row a subgroup, the whole set first, intersections last."""
    yield "| subgroup | rows | " + " | ".join(name.replace("_", " ") for name in (*SHOWN, "ROC AUC")) + " |"
    yield "|---" * (len(SHOWN) + 3) + "|"
    found = {(part.metric, *part.subgroup.items()): part for part in (*evaluation.cells, *(evaluation.scores or ()))}
    whole = [cell for cell in evaluation.cells if cell.metric == "accuracy"]
    for cell in sorted(whole, key=lambda cell: len(cell.subgroup)):
        parts = [found[name, *cell.subgroup.items()] for name in (*SHOWN, "roc_auc")]
        said = [share_interval(part.estimate) if part.estimate else f"too few ({part.clusters})" for part in parts]
        name = ", ".join(value for _, value in sorted(cell.subgroup.items(), reverse=True)) or "all"
        yield f"| {name} | {cell.trials:,} | {' | '.join(said)} |"


def disparities(evaluation: Evaluation) -> Iterator[str]:
    """A table: fairlearn's disparities by sex, by race and by both."""
    yield "| disparity | over | value | without the luck of being picked |"
    yield "|---|---|---|---|"
    for found in evaluation.disparities or ():
        if found.name in {*PEERS, "demographic_parity_ratio"}:
            value = share_interval(found.estimate) if found.estimate else "a subgroup is too small"
            shrunk = "" if found.shrunk is None else f"{found.shrunk:.3f}".removeprefix("0")
            yield f"| {found.name.replace('_', ' ')} | {found.attribute} | {value} | {shrunk} |"


def words(explained: EvaluationExplained) -> Iterator[str]:
    """How much ``biasgate explain`` says, and what it says of sex alone."""
    proven = [sentence for sentence in explained.found if " differs: " in sentence]
    missing = [sentence for sentence in explained.open if "has no number" in sentence]
    yield (
        f"`biasgate explain` names {len(proven)} differences that hold after Holm's correction, {len(missing)} numbers "
        f"that rest on too few clusters and {len(explained.open) - len(missing)} pairs that may differ by more than "
        f"{explained.margin:g}. Of sex alone, and of the first number that is missing, it says:"
    )
    yield ""
    yield from (f"- {sentence}" for sentence in proven if re.search(r": sex = \w+ above sex", sentence))
    yield f"- {missing[0]}"


def page(text: str, tables: str) -> str:
    """The report page with these tables between its marks."""
    start, rest = text.split("<!-- adult -->\n")
    return f"{start}<!-- adult -->\n{tables}\n<!-- /adult -->{rest.split('<!-- /adult -->')[1]}"


def main() -> None:
    training, test = sets()
    package = candidate(training)
    measured = biasgate(
        "evaluate", str(package.path), "--data", str(DATA), "--policy", str(POLICY), into="evaluation.json"
    )
    explained = biasgate("explain", str(measured), into="explained.json")
    evaluation = Evaluation.read(measured)
    found = {
        "command": "python benchmarks/adult.py",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "training_rows": len(training),
        "test_rows": evaluation.rows,
        "furthest_from_fairlearn": furthest_from_fairlearn(package, test, evaluation),
        "values": evaluation.values(),
        "disparities": [disparity.model_dump(mode="json") for disparity in evaluation.disparities or ()],
    }
    RESULT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    parts = (*subgroups(evaluation), "", *disparities(evaluation), "", *words(EvaluationExplained.read(explained)), "")
    note = (
        f"*{found['training_rows']:,} rows trained, {found['test_rows']:,} tested; `{found['command']}`, "
        f"{found['date']}.* The largest distance of a disparity from fairlearn's of the same name is "
        f"{found['furthest_from_fairlearn']:.1g}."
    )
    tables = "\n".join((*parts, note))
    print(tables)
    PAGE.write_text(page(PAGE.read_text(), tables))


if __name__ == "__main__":
    main()
