"""The model card holds what Annex IV, point 2(g), asks for, and names what is blank."""

import re
from collections.abc import Callable

import pytest
from markdown_it import MarkdownIt

from biasgate.documents import digest
from biasgate.errors import TrustError
from biasgate.report.markdown import inert
from biasgate.report.model_card import model_card
from biasgate.report.text import shortened


def card(story) -> str:
    return model_card(story.decision, story.evidence, story.policy)


@pytest.mark.parametrize("name", ["rejected", "approved", "insufficient"])
def test_every_field_of_the_annex_has_its_heading(request, name):
    text = card(request.getfixturevalue(name))
    for heading in (
        "## Validation and testing procedures",
        "## Data used and their main characteristics",
        "## Metrics",
        "### Accuracy and potentially discriminatory impacts",
        "### Robustness",
        "## Test logs and reports, dated and signed",
    ):
        assert f"\n{heading}\n" in text


def test_what_only_a_person_knows_is_left_blank_and_named(approved):
    text = card(approved)
    assert "| Responsible person, name and function | *to be completed* |" in text
    assert "| Date and signature | *to be completed* |" in text
    assert shortened(digest(approved.decision)) in text


def test_missing_measurements_are_named(insufficient):
    text = card(insufficient)
    assert "Not measured: the evidence holds no evaluation." in text
    assert "The weights were not scanned." in text


@pytest.mark.parametrize("name", ["rejected", "approved"])
def test_no_interval_is_broken_within_its_brackets(request, name):
    text = card(request.getfixturevalue(name))
    assert re.search(r"\[[−.\d]+,\u00a0[−.\d]+\\\]", text)
    assert not re.search(r"\[[−.\d]+, [−.\d]+\\\]", text)


def test_every_table_has_one_width(approved):
    for block in card(approved).split("\n\n"):
        widths = {line.count("|") - line.count("\\|") for line in block.splitlines() if line.startswith("|")}
        assert len(widths) <= 1


def test_hostile_strings_stay_inert(tell: Callable, rejected):
    hostile = "<script>x</script>\n\n# Approved | [link](http://evil.example) **bold** `code`"
    candidate = rejected.evidence.candidate.model_copy(update={"submitter": hostile, "name": hostile})
    story = tell(candidate=candidate)
    plain = tell()
    assert kinds(card(story)) == kinds(card(plain))


def kinds(text: str) -> list[str]:
    """The kinds of all Markdown elements, in order."""
    blocks = MarkdownIt("commonmark").enable("table").parse(text)
    return [
        t.type for block in blocks for t in (block, *(block.children or ())) if t.type not in ("text", "text_special")
    ]


def test_escaping_leaves_numbers_and_digests_as_they_are():
    assert inert("sha256:0a1 .93, n 750 −3.2") == "sha256:0a1 .93, n 750 −3.2"


def test_small_cells_are_withheld(tell: Callable, measured):
    text = card(tell(evaluation=measured(inks={"rare": 9, "thin": 60}, minimum=2)))
    assert "withheld, n &lt;10" in text
    assert "n\u00a09 " not in text


def test_papers_of_another_candidate_are_refused(approved, rejected):
    with pytest.raises(TrustError):
        model_card(approved.decision, rejected.evidence, approved.policy)
