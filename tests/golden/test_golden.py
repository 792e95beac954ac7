"""Documents are what they were when they were recorded: a change here is either a fault or said in the changelog."""

import importlib.util
import json
from pathlib import Path

import pytest

SCRIPT = importlib.util.spec_from_file_location("record", Path(__file__).with_name("record.py"))
assert SCRIPT is not None
record = importlib.util.module_from_spec(SCRIPT)
SCRIPT.loader.exec_module(record)


@pytest.mark.parametrize("name", record.PARTS)
def test_recorded_documents_are_unchanged(name: str) -> None:
    assert record.part(name) == json.loads(record.RECORD.read_text())[name]
