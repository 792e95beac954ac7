"""Of two readings of a document there is one."""

import math

import pytest
import yaml

from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.strict_yaml import read_yaml


class Pair(Document):
    name: str
    number: int = 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[no, yes, on, off, y, n]", ["no", "yes", "on", "off", "y", "n"]),
        ("[true, False, null, ~, '']", [True, False, None, None, ""]),
        ("[7, -3, +5, 010, 0x1F, 1_000, 1:30]", [7, -3, 5, 10, "0x1F", "1_000", "1:30"]),
        ("[1.5, .5, 1e3, -2.5E-1, .inf]", [1.5, 0.5, 1000.0, -0.25, math.inf]),
        ("[2026-11-30, '007', \"1\"]", ["2026-11-30", "007", "1"]),
        ("{a: {b: 1}, c: {b: 2}}", {"a": {"b": 1}, "c": {"b": 2}}),
    ],
)
def test_plain_scalars_have_the_types_of_yaml_1_2(text, value):
    assert read_yaml(text) == value


@pytest.mark.parametrize(
    "text", ["name: a\nname: b\n", "name: x\nnumber: 1\nnumber: 2\n", '{"name": "a", "name": "b"}']
)
def test_a_key_that_stands_twice_is_refused(text):
    with pytest.raises(InputError, match="stands twice"):
        Pair.parse(text, where="test")


@pytest.mark.parametrize("text", ["name: &a x\nnumber: *a\n", "a: &a {name: x}\n<<: *a\n", "name: &w [*w, *w]\n"])
def test_anchors_and_aliases_are_refused(text):
    with pytest.raises(InputError, match="line 1 has &"):
        Pair.parse(text, where="test")


@pytest.mark.parametrize("text", ["name: *a\n", "[&a 1]", "{&a k: v}", "- &a\n"])
def test_an_anchor_or_alias_is_refused_wherever_it_stands(text):
    with pytest.raises(yaml.YAMLError, match=r"line 1 has [&*]a: write the value out"):
        read_yaml(text)


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor_before_the_rest_is_read():
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    with pytest.raises(yaml.YAMLError, match="line 1 has &a0"):
        read_yaml(bomb + "[this is no YAML")


def test_code_in_a_tag_is_refused():
    with pytest.raises(InputError, match="not valid YAML"):
        Pair.parse("name: !!python/object/apply:os.getcwd []\n", where="test")
