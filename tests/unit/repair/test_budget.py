"""Budgets are promises: what is left is asked for at every pass, and whatever ends a run keeps the best so far."""

import errno
from pathlib import Path

import numpy as np
import pytest
import torch

from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.models.graph_network import GraphNetwork, Program, Step
from biasgate.models.operator import Node, Operator
from biasgate.models.package import CandidatePackage, open_package
from biasgate.models.restore import restore
from biasgate.repair import training
from biasgate.repair.budget import Budget, SpentError, ended_by, read_memory, spending, still_allowed
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.competition import compete
from biasgate.repair.data import RepairData, read_data, validation_rows
from biasgate.repair.heads.curvature import hessian_product
from biasgate.repair.heads.linear import LinearHead, Samples
from biasgate.repair.methods.fine_tuning import FineTuning
from biasgate.repair.repair import repair
from biasgate.repair.trials import Repaired, best_of
from biasgate.report.repair import repair_words

GRID = (FineTuning(learning_rate=2e-2), FineTuning(learning_rate=1e-2))


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "STEPS", 2)


@pytest.fixture(scope="module")
def given(biased: CandidatePackage, repair_data: Dataset) -> tuple[PixelClassifier, RepairData, torch.Tensor]:
    data = read_data(repair_data)
    classifier = PixelClassifier(restore(biased), biased.card.input)
    return classifier, data, validation_rows(repair_data, data, seed=0)


def tried(given: tuple[PixelClassifier, RepairData, torch.Tensor], budget: Budget, grid=GRID) -> Repaired:
    classifier, data, validation = given
    return best_of(grid, classifier, data, validation=validation, budget=budget, seed=0)


class Ended(FineTuning):
    """Its fit ends in some way after so many rounds."""

    def fit(self, classifier, data, *, seed, watch):
        left = iter(range(ROUNDS))

        def counted(network) -> None:
            watch(network)
            if next(left, None) is None:
                self.end()

        return super().fit(classifier, data, seed=seed, watch=counted)

    def end(self) -> None:
        raise NotImplementedError


ROUNDS = 2


class Interrupted(Ended):
    def end(self) -> None:
        raise KeyboardInterrupt


def test_a_run_that_the_clock_ends_in_its_middle_keeps_its_best_round(given):
    clock = Clock()

    class Slow(Ended):
        def end(self) -> None:
            clock.now = 11.0

    found = tried(given, Budget(10.0, clock=clock), grid=(Slow(learning_rate=2e-2), *GRID))
    (trial,) = found.trials
    assert (found.stopped, found.refitted, found.planned) == ("seconds", False, 3)
    assert (trial.whole, trial.chosen, len(trial.curve)) == (False, True, ROUNDS + 1)
    assert trial.worst_group == max(trial.curve)
    again = tried(given, Budget(600), grid=GRID[:1])
    assert trial.curve == again.trials[0].curve[: len(trial.curve)]


def test_an_interruption_keeps_the_best_so_far_and_tries_nothing_more(given):
    found = tried(given, Budget(600), grid=(GRID[0], Interrupted(learning_rate=1e-2), GRID[1]))
    assert [trial.whole for trial in found.trials] == [True, False]
    assert (found.stopped, found.refitted) == ("interruption", False)
    assert sum(trial.chosen for trial in found.trials) == 1


@pytest.mark.parametrize(
    ("why", "words"),
    [("seconds", "no seconds left"), ("memory", "no memory left"), ("interruption", "it was interrupted")],
)
def test_what_was_not_tried_is_told_with_its_reason(why, words):
    assert ended_by(why) == words


def test_an_interruption_before_anything_was_tried_is_passed_on(given):
    class Impatient(FineTuning):
        def fit(self, classifier, data, *, seed, watch):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tried(given, Budget(600), grid=(Impatient(learning_rate=1e-2),))


def test_more_memory_than_the_budget_has_ends_a_run_like_its_time(given):
    with pytest.raises(InputError, match="before anything was tried: 1 MiB"):
        tried(given, Budget(600, memory=1 << 20))


def test_one_allocation_cannot_take_more_than_the_budget_either():
    with pytest.raises(SpentError) as spent, spending(Budget(600, memory=8 << 30)):
        torch.zeros(16 << 30)
    assert spent.value.why == "memory"
    assert torch.zeros(1 << 10).numel()


@pytest.mark.parametrize(
    "lacking",
    [
        RuntimeError("can't start new thread"),
        ImportError("libx.so: cannot allocate memory in static TLS block"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_a_thread_or_a_library_that_gets_no_memory_spends_the_budget_too(lacking: Exception):
    with pytest.raises(SpentError) as spent, spending(Budget(600, memory=8 << 30)):
        raise lacking
    assert spent.value.why == "memory"
    with pytest.raises(type(lacking)), spending(Budget(600)):
        raise lacking


def test_an_operator_of_a_graph_that_gets_no_memory_spends_the_budget_too():
    node = Node("ConstantOfShape", {}, 17, 1)
    step = Step(Operator(lambda _: torch.empty(1 << 40), ()), node, (), ("y",), ())
    program = Program((step,), (), None, (), "y", "y", False, False, 2, None, "y", False, "m")
    with pytest.raises(SpentError) as spent, spending(Budget(600, memory=8 << 30)):
        GraphNetwork(program, {}).answer(torch.ones(1))
    assert spent.value.why == "memory"


def test_without_a_budget_nothing_is_asked():
    still_allowed()
    with spending(Budget(600)):
        still_allowed()


@pytest.mark.parametrize("text", ["4", "4GB", "0GiB", "-1MiB", "1.5GiB", ""])
def test_an_amount_of_memory_that_is_none_is_refused(text: str):
    with pytest.raises(InputError, match="write it as 4GiB"):
        read_memory(text)


def test_a_candidate_whose_opening_takes_all_the_time_is_left_alone(
    biased: CandidatePackage, repair_data: Dataset, tmp_path: Path
):
    ticks = iter(range(0, 100_000, 1000))
    with pytest.raises(InputError, match="opening the candidate took all of the budget's 600 s"):
        repair(
            biased,
            repair_data,
            method="unlearning",
            into=tmp_path / "p",
            seconds=600,
            seed=0,
            clock=lambda: next(ticks),
        )
    assert not (tmp_path / "p").exists()


def test_a_candidate_whose_opening_takes_all_the_memory_is_told_so(
    biased: CandidatePackage, repair_data: Dataset, tmp_path: Path
):
    with pytest.raises(InputError, match=r"took all of the budget's 64 MiB: .*give more memory"):
        repair(biased, repair_data, method="unlearning", into=tmp_path / "p", seconds=600, memory=64 << 20, seed=0)
    assert not (tmp_path / "p").exists()


def test_every_product_with_a_heads_hessian_asks_what_is_left():
    clock = Clock()
    head, samples = LinearHead(np.zeros((2, 3))), Samples(np.ones((4, 2)), np.array([0, 1, 0, 1]))
    budget = Budget(1.0, clock=clock)
    with spending(budget):
        assert hessian_product(head, samples, damping=0.1)(np.ones(6)).shape == (6,)
    clock.now = 2.0
    with pytest.raises(SpentError), spending(budget):
        hessian_product(head, samples, damping=0.1)(np.ones(6))


def test_a_method_that_cannot_work_here_is_named_and_the_others_compete(
    biased: CandidatePackage, repair_data: Dataset, tmp_path: Path
):
    methods = ("unlearning_harmful", "head_refit")
    package, record = compete(biased, repair_data, methods=methods, into=tmp_path / "p", seconds=600, seed=0)
    assert record.method == "head_refit"
    assert len(record.untried) == 1
    assert record.untried[0].startswith("unlearning_harmful: no cluster has")
    assert open_package(package.path).digest == record.repaired
    assert any("Not tried: unlearning_harmful" in sentence for sentence in repair_words(record))
    with pytest.raises(InputError, match="already exists"):
        compete(biased, repair_data, methods=methods, into=package.path, seconds=600, seed=0)
    with pytest.raises(InputError, match="no cluster has"):
        compete(biased, repair_data, methods=methods[:1], into=tmp_path / "q", seconds=600, seed=0)
