"""Values that a person would take for one."""

import pytest

from biasgate.data.look_alikes import look_alikes


@pytest.mark.parametrize(
    "values",
    [
        ["ITALY", "Italy", "italy"],
        ["Male", "Маlе", "Μale", "Ｍale", "Ma\u200ble", " MALE "],
        ["non-binary", "Non binary", "non_binary", "non\u2010binary", "non–binary"],
        ["Zoë", "Zoe", "ZOE"],
        ["0-9", "O-9"],
        ["M", "m"],
        ["Al", "AI", "A1"],
        ["1", "1.0", "01", "1e0", "+1"],
    ],
)
def test_values_that_differ_in_case_blanks_signs_or_letters_that_look_alike_are_one_group(values: list[str]) -> None:
    assert look_alikes([*values, "something else"]) == [values]


def test_values_that_a_person_tells_apart_are_in_no_group() -> None:
    assert look_alikes(["Male", "Female", "1", "10", "1O0x", "under 25", "25 to under 45", "?", "", "山", "川"]) == []
