"""The head's derivatives against finite differences, its optimum and its Hessian against closed forms."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biasgate.errors import InputError
from biasgate.repair.heads import curvature
from biasgate.repair.heads.bias import Pairs, bias_gradient, read_bias
from biasgate.repair.heads.curvature import hessian, hessian_product, solver
from biasgate.repair.heads.linear import Array, LinearHead, Samples
from biasgate.repair.heads.refit import refit

CLASSES, WIDTH = 3, 4


def drawn(seed: int, n: int = 30) -> tuple[LinearHead, Samples]:
    rng = np.random.default_rng(seed)
    samples = Samples(rng.normal(size=(n, WIDTH)), rng.integers(CLASSES, size=n))
    return LinearHead(rng.normal(size=(CLASSES, WIDTH + 1))), samples


def drawn_pairs(seed: int, n: int = 20) -> Pairs:
    rng = np.random.default_rng(seed)
    labels = rng.integers(CLASSES, size=n)
    return Pairs(Samples(rng.normal(size=(n, WIDTH)), labels), Samples(rng.normal(size=(n, WIDTH)), labels))


def slopes(function, head: LinearHead) -> Array:
    """Central differences."""
    steps = 1e-5 * np.eye(head.theta.size)
    return np.array([(function(head.moved(step)) - function(head.moved(-step))) / 2e-5 for step in steps])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_derivatives_are_those_of_finite_differences(seed: int):
    head, samples = drawn(seed)
    pairs = drawn_pairs(seed)
    mean = slopes(lambda moved: moved.losses(samples).mean(), head)
    assert head.mean_gradient(samples) == pytest.approx(mean, abs=1e-7)
    assert head.gradients(samples).mean(axis=0) == pytest.approx(mean, abs=1e-7)
    second = slopes(lambda moved: moved.mean_gradient(samples), head)
    assert hessian(head, samples, damping=0.0) == pytest.approx(second, abs=1e-7)
    change = slopes(lambda moved: read_bias(moved, pairs).signed.value, head)
    assert bias_gradient(head, pairs) == pytest.approx(change, abs=1e-7)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_weight_counts_as_that_many_copies_of_the_sample(seed: int):
    head, samples = drawn(seed)
    counts = np.random.default_rng(seed).integers(1, 4, size=len(samples))
    weighed, copied = replace(samples, weights=counts / 2), samples.take(np.repeat(np.arange(len(samples)), counts))
    assert head.mean_loss(weighed) == pytest.approx(head.losses(copied).mean())
    assert head.mean_gradient(weighed) == pytest.approx(head.mean_gradient(copied), abs=1e-12)
    assert hessian(head, weighed, damping=0.1) == pytest.approx(hessian(head, copied, damping=0.1))
    vector = np.random.default_rng(seed).normal(size=head.theta.size)
    product = hessian_product(head, weighed, damping=0.1)(vector)
    assert product == pytest.approx(hessian(head, copied, damping=0.1) @ vector)


def test_of_two_classes_without_features_the_hessian_is_the_bernoulli_variance():
    samples = Samples(np.zeros((4, 0)), np.array([0, 1, 1, 1]))
    head = LinearHead(np.log([[0.25], [0.75]]))
    assert hessian(head, samples, damping=0.0) == pytest.approx(0.1875 * np.array([[1, -1], [-1, 1]]))
    assert head.mean_gradient(samples) == pytest.approx([0, 0], abs=1e-12)


def test_the_refit_is_a_stationary_point_and_the_librarys_optimum():
    from sklearn.linear_model import LogisticRegression

    _, samples = drawn(0, n=60)
    head = refit(samples, classes=CLASSES, damping=0.02)
    slope = head.mean_gradient(samples) + 0.02 * head.theta.ravel()
    assert np.abs(slope).max() < 1e-5
    library = LogisticRegression(C=1 / (0.02 * 60), fit_intercept=False, tol=1e-9, max_iter=5000)
    library.fit(samples.design, samples.labels)
    assert head.theta == pytest.approx(library.coef_, abs=1e-3)


def test_solving_undoes_the_hessian_with_and_without_writing_it_down(monkeypatch: pytest.MonkeyPatch):
    head, samples = drawn(2)
    vectors = np.random.default_rng(3).normal(size=(2, head.theta.size))
    matrix = hessian(head, samples, damping=0.1)
    assert hessian_product(head, samples, damping=0.1)(vectors[0]) == pytest.approx(matrix @ vectors[0])
    explicit = solver(head, samples, damping=0.1)(vectors)
    monkeypatch.setattr(curvature, "EXPLICIT", 0)
    iterated = solver(head, samples, damping=0.1)
    assert explicit @ matrix == pytest.approx(vectors)
    assert iterated(vectors) == pytest.approx(explicit, abs=1e-6)
    assert iterated(vectors[0]) == pytest.approx(explicit[0], abs=1e-6)


def test_doubling_the_samples_leaves_the_hessian_alone():
    head, samples = drawn(4)
    twice = samples.take(np.tile(np.arange(len(samples)), 2))
    assert hessian(head, twice, damping=0.1) == pytest.approx(hessian(head, samples, damping=0.1))


def test_a_singular_hessian_is_refused():
    samples = Samples(np.zeros((5, 2)), np.array([0, 1, 0, 1, 0]))
    with pytest.raises(InputError, match="singular"):
        solver(LinearHead(np.zeros((2, 3))), samples, damping=0.0)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_singular_hessian_is_refused_without_writing_it_down_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(curvature, "EXPLICIT", 0)
    samples = Samples(np.zeros((5, 2)), np.array([0, 1, 0, 1, 0]))
    with pytest.raises(InputError, match="no solution"):
        solver(LinearHead(np.zeros((2, 3))), samples, damping=0.0)(np.arange(6.0))


def test_a_refit_without_damping_is_refused():
    with pytest.raises(InputError, match="damping"):
        refit(drawn(0)[1], classes=CLASSES, damping=0.0)


@pytest.mark.parametrize("features", [np.full((2, 3), np.nan), np.zeros((3, 3)), np.zeros(2)])
def test_samples_that_are_none_are_refused(features: Array):
    with pytest.raises(InputError, match="features"):
        Samples(features, np.array([0, 1]))


def test_bias_is_oriented_and_its_absolute_value_cannot_cancel():
    head = LinearHead(np.array([[2.0, 0.0], [-2.0, 0.0]]))
    plus, minus = np.array([[1.0], [-1.0]]), np.array([[-1.0], [1.0]])
    labels = np.array([0, 0])
    reading = read_bias(head, Pairs(Samples(plus, labels), Samples(minus, labels)))
    assert reading.signed.value == pytest.approx(0)
    assert reading.absolute.value == pytest.approx(np.tanh(2))
    aligned, conflicting = (
        Samples(plus[:1].repeat(9, axis=0), np.zeros(9, int)),
        Samples(minus[:1].repeat(9, axis=0), np.zeros(9, int)),
    )
    assert read_bias(head, Pairs(aligned, conflicting)).signed.value == pytest.approx(np.tanh(2))
    assert read_bias(head, Pairs(conflicting, aligned)).signed.value == pytest.approx(-np.tanh(2))


def test_a_model_is_biased_when_the_whole_interval_lies_above_the_threshold():
    head, _ = drawn(5)
    reading = read_bias(head, drawn_pairs(5))
    low = reading.signed.low
    assert read_bias(head, drawn_pairs(5), threshold=low - 1e-6).biased
    assert not read_bias(head, drawn_pairs(5), threshold=low + 1e-6).biased
    assert reading.signed.low <= reading.signed.value <= reading.signed.high
    assert reading.signed.n == 20


def test_pairs_of_different_labels_are_refused():
    _, samples = drawn(0)
    with pytest.raises(InputError, match="labels"):
        Pairs(samples, Samples(samples.features, (samples.labels + 1) % CLASSES))


def test_one_pair_has_no_interval():
    head, samples = drawn(0, n=1)
    with pytest.raises(InputError, match="two or more"):
        read_bias(head, Pairs(samples, samples))
