"""Text of candidates and persons is shown as text: no sign of it acts, hides, or makes a line that looks like ours."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasgate.errors import InputError
from biasgate.foreign_text import json_text, one_line, visible
from biasgate.registry.alerts import Alarm, Alert
from biasgate.report.markdown import inert
from biasgate.report.terminal import print_json, print_table, say

ACTS = "\x1b[2J\x07\r\x9b31m\u202e\u2066\u200b\u00ad\ufeff\u3164\u2028\U000e0041\x00\x7f"
FOREIGN = f"ana{ACTS}[red]\nentry 99 APPROVED\t<b>"
SIGNS = set(ACTS) - set("[2J31m")


def acts(text: str) -> bool:
    return bool(SIGNS & set(text))


def test_signs_that_act_or_hide_are_shown_and_letters_of_every_script_stay():
    assert not acts(visible(FOREIGN))
    assert (
        visible("Bo Ek, Zoë, Дмитрий, 陳, ע, नि, 👍, n\u00a0750\n\tx")
        == "Bo Ek, Zoë, Дмитрий, 陳, ע, नि, 👍, n\u00a0750\n\tx"
    )
    assert visible(3) == 3


def test_one_line_stays_one_line():
    assert len(one_line(FOREIGN).splitlines()) == 1
    assert "\t" not in one_line(FOREIGN)


@given(st.text())
def test_json_reads_the_same_and_shows_no_sign_that_acts(text: str):
    shown = json_text({"text": text, text: [text]}, indent=2)
    assert json.loads(shown) == {"text": text, text: [text]}
    assert visible(shown) == shown


@given(st.text())
def test_what_is_visible_stays_as_it_is(text: str):
    assert visible(visible(text)) == visible(text)
    assert len(visible(text)) == len(text)


@pytest.mark.parametrize(
    "printed",
    [
        lambda: say(FOREIGN),
        lambda: print_table(FOREIGN, [FOREIGN], [[FOREIGN]]),
        lambda: print_json({FOREIGN: FOREIGN}),
        lambda: Alarm()(Alert(kind="rollback", message=FOREIGN, name=FOREIGN)),
    ],
    ids=["a line", "a table", "a document", "an alert"],
)
def test_what_is_printed_shows_it_and_no_line_begins_like_ours(printed, capsys):
    printed()
    out, err = capsys.readouterr()
    assert not acts(out + err)
    assert not any(line.startswith("entry 99") for line in (out + err).splitlines())
    assert "ana" in out + err


def test_a_failure_shows_it_on_one_line():
    said = str(InputError(FOREIGN, where=FOREIGN, fix=FOREIGN))
    assert not acts(said)
    assert len(said.splitlines()) == 1


def test_a_model_card_shows_it_as_one_cell():
    assert not acts(inert(FOREIGN))
    assert "\n" not in inert(FOREIGN)


def test_a_file_of_a_hostile_name_is_named_without_its_signs(tmp_path):
    (tmp_path / "card.json").write_text('{"schema": "biasgate/card/v1", "name": "x\\u001b[2J"}')
    (tmp_path / f"a{ACTS.replace(chr(0), '')}").write_text("x")
    ended = subprocess.run(
        [sys.executable, "-c", "from biasgate.cli import main; main()", "scan", str(tmp_path)], capture_output=True
    )
    assert ended.returncode == 3
    assert not acts((ended.stdout + ended.stderr).decode())
