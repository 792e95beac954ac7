"""The pages about reading weights show what is kept: no figure of a table is written by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from meta_classifier import FROM_PREDICTIONS, RESULT
from meta_tables.pages import PAGES, filled, tables

Document = dict[str, Any]


@pytest.fixture(scope="module")
def results() -> Document:
    return json.loads(RESULT.read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_tables_of_a_page_are_those_of_the_results(page: Path, results: Document) -> None:
    assert filled(page.read_text(), tables(results)) == page.read_text()


@pytest.mark.parametrize("name", FROM_PREDICTIONS)
def test_scores_are_made_again_from_what_is_kept_of_each_model(name: str, results: Document) -> None:
    made = json.loads(json.dumps(FROM_PREDICTIONS[name]()))
    if not made:
        pytest.skip("nothing is kept of these models yet")
    assert {**results[name], **made} == results[name]
