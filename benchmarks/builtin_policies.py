"""Built-in policies, tried: how often a perfect, a fair and a biased model pass, on tables that everybody knows.

    python benchmarks/builtin_policies.py                    # writes results/builtin_policies.json, report/policies.md
    python benchmarks/builtin_policies.py --quick --json
    python benchmarks/builtin_policies.py --tables FOLDER    # that holds the published files: adds models really fitted

A drawn model knows a person's label, sex and race only, so that the published counts of these are all of a table that
it needs: they stand below, for Adult (UCI, ``adult.test``), COMPAS (ProPublica's two-year file with its own filter) and
German credit (UCI, with age in the place of race). With ``--tables`` they are compared with the files ``adult.data``,
``adult.test``, ``compas-scores-two-years.csv`` and ``german.data``, and two real models are tried besides: a logistic
regression on Adult, and COMPAS' own score.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from biasgate.api.predictions import predictions
from biasgate.data.dataset import Dataset
from biasgate.data.faces.drawn.traits import sample_traits
from biasgate.data.source import DataSource, open_dataset
from biasgate.data.sources.synthetic_faces import describing_attributes
from biasgate.evaluation.measure import measure
from biasgate.gate.decide import decide
from biasgate.gate.decision import Decision
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.policy import Policy, policy_text
from biasgate.gate.weight_scan import WeightScanRule

RESULT, PAGE = Path("benchmarks/results/builtin_policies.json"), Path("benchmarks/report/policies.md")
BEGIN, END = "<!-- policies -->", "<!-- end of policies -->"
DRAWS, QUICK = 8, 3
AT = datetime(2026, 11, 30, tzinfo=UTC)
SILENT = WeightScanRule(flag_levels=("high",), on_flag="ignore", on_abstain="ignore")

Cells = dict[tuple[str, str], tuple[int, int]]
COUNTS: dict[str, Cells] = {
    "adult": {
        ("Female", "Amer-Indian-Eskimo"): (66, 3),
        ("Female", "Asian-Pac-Islander"): (171, 26),
        ("Female", "Black"): (753, 42),
        ("Female", "Other"): (46, 5),
        ("Female", "White"): (4385, 514),
        ("Male", "Amer-Indian-Eskimo"): (93, 16),
        ("Male", "Asian-Pac-Islander"): (309, 107),
        ("Male", "Black"): (808, 137),
        ("Male", "Other"): (89, 20),
        ("Male", "White"): (9561, 2976),
    },
    "compas": {
        ("Female", "African-American"): (549, 203),
        ("Female", "Asian"): (2, 1),
        ("Female", "Caucasian"): (482, 170),
        ("Female", "Hispanic"): (82, 26),
        ("Female", "Native American"): (2, 2),
        ("Female", "Other"): (58, 11),
        ("Male", "African-American"): (2626, 1458),
        ("Male", "Asian"): (29, 7),
        ("Male", "Caucasian"): (1621, 652),
        ("Male", "Hispanic"): (427, 163),
        ("Male", "Native American"): (9, 3),
        ("Male", "Other"): (285, 113),
    },
    "german": {
        ("female", "25 or younger"): (105, 58),
        ("female", "older"): (205, 143),
        ("male", "25 or younger"): (85, 52),
        ("male", "older"): (605, 447),
    },
}
"""People and those with the label among them, by sex and by race, or age: >50K, arrested again, good credit."""
POLICIES = ("strict", "screening", "impact_ratio")


def people(cells: Cells) -> pd.DataFrame:
    """One row a person: sex, race, label."""
    rows = [(*who, label) for who, (n, yes) in cells.items() for label in (1,) * yes + (0,) * (n - yes)]
    return pd.DataFrame(rows, columns=["sex", "race", "label"])


def faces() -> pd.DataFrame:
    """5,000 drawn people: gender, skin, and whether they smile (AU12)."""
    shown = describing_attributes(sample_traits(people=5000, images=1, seed=5))
    return pd.DataFrame({"sex": shown["gender"], "race": shown["skin"], "label": (shown["AU12"] == "yes").astype(int)})


def drawn(table: pd.DataFrame, policy: str, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """Models by name, each as the probability of the label that it states for each row.

    A fair model errs alike in all groups; what it states is calibrated within each group. Of a selection it is a lot.
    """
    truth, chance = table["label"].to_numpy(), rng.random(len(table))
    first = (table["sex"] == sorted(table["sex"].unique())[0]).to_numpy()
    if policy == "impact_ratio":
        for name, rate in (("fair, half selected", 0.5), ("fair, 3 in 10 selected", 0.3)):
            yield name, np.where(chance < rate, 0.6, 0.4)
        yield "biased: one sex selected at .6", np.where(chance < np.where(first, 0.30, 0.5), 0.6, 0.4)
        return
    yield "perfect", truth.astype(float)
    base = table.groupby(["sex", "race"])["label"].transform("mean").to_numpy()
    for right in (0.95, 0.9):
        said = np.where(chance < right, truth, 1 - truth)
        yield f"fair, right on {right:.0%}", stated(said, base, right)
    hurt = first & (truth == 1) & (rng.random(len(table)) < 0.3)
    yield "biased: misses 3 in 10 of one sex", stated(np.where(hurt, 0, said), base, 0.9)


def stated(said: np.ndarray, base: np.ndarray, right: float) -> np.ndarray:
    """P(label | what it says, group), by Bayes; a class is said where this is above a half, or by its own threshold."""
    yes = right * base / (right * base + (1 - right) * (1 - base))
    no = (1 - right) * base / ((1 - right) * base + right * (1 - base))
    return np.where(said == 1, np.maximum(yes, 0.5001), np.minimum(no, 0.4999))


def decided(policy: Policy, dataset: Dataset, said: np.ndarray, probabilities: np.ndarray | None = None) -> Decision:
    """What the gate decides of predictions, where nothing else is in the way."""
    measured = measure(said, dataset, policy.evaluation, model="m", provider="drawn", probabilities=probabilities)
    subject = Subject(name="m", source="s", digest="m", training_data="t", submitter="s")
    evidence = Evidence(
        candidate=subject,
        evaluation=measured,
        parity=0.0,
        evaluation_data_from=AT - timedelta(days=1),
        looks=1,
        code="benchmark",
    )
    return decide(policy.model_copy(update={"weight_scan": SILENT}), evidence, (), AT)


def of_table(policy: Policy, table: pd.DataFrame, states: np.ndarray) -> Decision:
    """What the gate decides of the probabilities that a model states."""
    given = predictions(
        y_true=table["label"], y_pred=None, scores=states, attributes=table[["sex", "race"]],
        clusters=None, weights=None, classes=["0", "1"], positive=None,
    )  # fmt: skip
    scores = given.given.probabilities if policy.evaluation.scores else None
    return decided(policy, given.dataset, given.given.classes, scores)


def tried(name: str, policy: str, table: pd.DataFrame, draws: int) -> list[dict]:
    """One row a model: how often it was approved, and what stood in the way most often."""
    rules, rng = Policy.parse(policy_text(policy), where=policy), np.random.default_rng(11)
    found: dict[str, list[Decision]] = {}
    for _ in range(draws):
        for model, states in drawn(table, policy, rng):
            if model != "perfect" or model not in found:
                found.setdefault(model, []).append(of_table(rules, table, states))
    return [row(name, policy, model, decisions) for model, decisions in found.items()]


def row(table: str, policy: str, model: str, decisions: list[Decision]) -> dict:
    """A line of the table."""
    open_ = [one.rule for decision in decisions for one in decision.rules if one.outcome != "pass"]
    return {
        "policy": policy,
        "table": table,
        "model": model,
        "draws": len(decisions),
        "approved": sum(one.verdict == "APPROVED" for one in decisions) / len(decisions),
        "rejected": sum(one.verdict == "REJECTED" for one in decisions) / len(decisions),
        "in the way": max(set(open_), key=open_.count) if open_ else "",
    }


def digits(draws: int) -> list[dict]:
    """The demo's policy on its own digits, each in two colours: right, fair, and reading the colour."""
    rules, rng = Policy.parse(policy_text("digits_demo"), where="digits_demo"), np.random.default_rng(3)
    source = {"name": "digits", "data": {"kind": "digits"}, "role": "gate", "planting": {"kind": "twins", "seed": 1}}
    data = open_dataset(DataSource.build(source, where="digits"))
    other = (data.labels + 1) % len(data.classes)
    conflicting = data.attribute("alignment") == "conflicting"
    found: dict[str, list[Decision]] = {"perfect": [decided(rules, data, data.labels)]}
    for _ in range(draws):
        slip = rng.random(len(data))
        found.setdefault("fair, right on 95%", []).append(
            decided(rules, data, np.where(slip < 0.95, data.labels, other))
        )
        reads = np.where(slip < np.where(conflicting, 0.75, 0.95), data.labels, other)
        found.setdefault("biased: 20 points by colour", []).append(decided(rules, data, reads))
    return [row("coloured digits", "digits_demo", model, decisions) for model, decisions in found.items()]


def real(folder: Path) -> list[dict]:
    """Models really fitted, on the published files; the counts above are held against them."""
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    train, test = adult(folder / "adult.data", junk=0), adult(folder / "adult.test", junk=1)
    offender = compas(folder / "compas-scores-two-years.csv")
    credit = german(folder / "german.data")
    for name, table in (("adult", test), ("compas", offender), ("german", credit)):
        cells = table.groupby(["sex", "race"])["label"].agg(["size", "sum"]).itertuples()
        assert {cell.Index: (cell.size, cell.sum) for cell in cells} == COUNTS[name], f"{name} is another table"
    numbers = ["age", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
    words = ["workclass", "marital-status", "occupation", "relationship", "native-country"]
    encode = make_column_transformer((StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), words))
    model = make_pipeline(encode, LogisticRegression(max_iter=2000)).fit(train[numbers + words], train["label"])
    scores = {
        "adult": (test, "real: logistic regression", model.predict_proba(test[numbers + words])[:, 1]),
        "compas": (offender, "real: COMPAS' own score", (offender["decile_score"] - 0.5).to_numpy() / 10),
    }
    found = []
    for policy in POLICIES:
        rules = Policy.parse(policy_text(policy), where=policy)
        for name, (table, title, states) in scores.items():
            found.append(row(name, policy, title, [of_table(rules, table, states)]))
    return found


def adult(file: Path, *, junk: int) -> pd.DataFrame:
    """One of UCI's files."""
    columns = "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex"
    names = [*columns.split(","), "capital-gain", "capital-loss", "hours-per-week", "native-country", "income"]
    table = pd.read_csv(file, names=names, skipinitialspace=True, skiprows=junk)
    return table.assign(label=table["income"].str.rstrip(".").eq(">50K").astype(int))


def compas(file: Path) -> pd.DataFrame:
    """ProPublica's file with ProPublica's filter; names are not read."""
    kept = ["sex", "race", "days_b_screening_arrest", "is_recid", "c_charge_degree", "score_text", "decile_score"]
    table = pd.read_csv(file, usecols=[*kept, "two_year_recid"])
    near, told = table["days_b_screening_arrest"].abs() <= 30, table["is_recid"] != -1
    table = table[near & told & (table["c_charge_degree"] != "O") & (table["score_text"] != "N/A")]
    return table.rename(columns={"two_year_recid": "label"})


def german(file: Path) -> pd.DataFrame:
    """UCI's file: sex from the column of personal status, age in two bands."""
    raw = pd.read_csv(file, sep=" ", header=None)
    return pd.DataFrame(
        {
            "sex": np.where(raw[8].isin(["A92", "A95"]), "female", "male"),
            "race": np.where(raw[12] > 25, "older", "25 or younger"),
            "label": (raw[20] == 1).astype(int),
        }
    )


def page(rows: list[dict]) -> str:
    """The table in Markdown."""
    lines = ["| policy | table | model | approved | rejected | most often in the way |", "|---|---|---|---|---|---|"]
    for one in rows:
        shares = [f"{one[key]:.2f}".removeprefix("0") for key in ("approved", "rejected")]
        lines.append(
            f"| {one['policy']} | {one['table']} | {one['model']} | {' | '.join(shares)} | {one['in the way']} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Tries every policy on every table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three draws a model, nothing is written")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    parser.add_argument("--tables", type=Path, help="folder with the published files")
    asked = parser.parse_args()
    draws = QUICK if asked.quick else DRAWS
    tables = {**{name: people(cells) for name, cells in COUNTS.items()}, "drawn faces": faces()}
    rows = [line for policy in POLICIES for name, table in tables.items() for line in tried(name, policy, table, draws)]
    rows += digits(draws)
    rows += real(asked.tables) if asked.tables else []
    print(page(rows))
    if not asked.quick:
        RESULT.write_text(json.dumps({"draws": draws, "rows": rows}, indent=1) + "\n")
        start, rest = PAGE.read_text().split(BEGIN)
        PAGE.write_text(f"{start}{BEGIN}\n{page(rows)}\n{END}{rest.split(END)[1]}")
    if asked.json:
        print(json.dumps({f"{one['policy']}, {one['table']}, {one['model']}": one["approved"] for one in rows}))


if __name__ == "__main__":
    main()
