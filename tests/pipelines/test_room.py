"""A gate that lets candidates use more than a task has is refused before anything is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasgate.errors import InputError
from biasgate.gate.declaration import Inference
from biasgate.kubeflow.room import require_room
from biasgate.kubeflow.settings import Kind, read_settings

LIGHT = read_settings().tasks.light


def test_the_defaults_of_gates_and_settings_fit_each_other():
    require_room(Inference(), LIGHT)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"memory": "4GiB"}, r"memory: 4GiB, and a task that runs it has 4Gi.*\{request: 5120Mi, limit: 5120Mi\}"),
        ({"threads": 3}, r"threads: 3, and a task that runs it has 2 cores.*cpu: \{limit: \"3\"\}"),
        ({"seconds": 3600}, "seconds: 3600, and a task that runs it has 3600.*seconds: 7200"),
        ({"device": "cuda"}, "device: cuda, and a task that runs it has no GPU"),
    ],
)
def test_what_is_too_small_is_named_with_the_setting_that_gives_more(asked, told):
    with pytest.raises(InputError, match=told):
        require_room(Inference.build(asked), LIGHT)


@given(mebibytes=st.integers(1, 99_999))
def test_the_memory_that_is_advised_is_enough(mebibytes: int):
    inference = Inference(memory=f"{mebibytes}MiB")
    advised = f"{mebibytes + 1024}Mi"
    require_room(inference, Kind.build(LIGHT.model_dump() | {"memory": {"request": advised, "limit": advised}}))
