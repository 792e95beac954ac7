import pytest

from biasgate.errors import InputError
from biasgate.gate.waivers import read_waivers

TEXT = """
waivers:
  - {rule: gap, owner: ben, reason: until the palette is in, expires: 2026-12-31T00:00:00Z, approved_by: cleo}
"""


def test_waivers_are_read_from_their_text_and_from_a_file(tmp_path):
    (tmp_path / "waivers.yaml").write_text(TEXT)
    (granted,) = read_waivers(TEXT)
    assert (granted.rule, granted.owner, granted.approved_by) == ("gap", "ben", "cleo")
    assert read_waivers(str(tmp_path / "waivers.yaml")) == (granted,)


def test_no_waivers_are_none():
    assert read_waivers("") == ()


@pytest.mark.parametrize("text", ["waivers:\n- {rule: gap}\n", "[1,\n", "no/such/file", "waivers:\n- gap\n"])
def test_waivers_that_cannot_be_read_are_refused(text):
    with pytest.raises(InputError):
        read_waivers(text)
