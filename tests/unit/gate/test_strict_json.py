from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from biasgate.documents import Document
from biasgate.errors import InputError, TrustError
from biasgate.gate.ledger.entry import LogEntry, LookBody
from biasgate.gate.ledger.envelope import PREDICATE_TYPE, unseal
from biasgate.gate.trust.sign import PAYLOAD_TYPE
from biasgate.strict_json import read_json
from biasgate.strict_yaml import read_yaml


class Numbers(Document):
    """A document with a number."""

    number: float


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(values)
def test_what_has_one_reading_is_read(value):
    assert read_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        ('{"a": {"b": 1, "c": 2, "b": 1}}', "'b' stands twice"),
        ('{"a": 1, "\\u0061": 2}', "'a' stands twice"),
        ("[NaN]", "NaN is no JSON number"),
        ('{"a": Infinity}', "Infinity is no JSON number"),
        ("-Infinity", "-Infinity is no JSON number"),
        ('"\\ud800"', "half of a surrogate pair"),
        ('{"\\uDFFF": 1}', "half of a surrogate pair"),
        ("1e400", "1e400 is no number that can be held"),
        ("[-1" + "0" * 400 + ".5]", "can be held"),
        ("9" * 5_000, "4300 digits"),
        ("[" * 200_000, "too deeply"),
        ('{"a":' * 200_000, "too deeply"),
    ],
)
def test_what_has_none_or_two_is_refused(text, why):
    with pytest.raises(ValueError, match=why):
        read_json(text)
    with pytest.raises(InputError):
        Numbers.parse(text, where="test")


def test_bytes_that_are_no_unicode_are_refused_and_pairs_are_characters():
    with pytest.raises(ValueError, match="codec can't decode"):
        read_json(b'"\xed\xa0\x80"')
    assert read_json(b'"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize(
    "text", ['{"number": NaN}', '{"number": 1e999}', "number: .nan", "number: .inf", "number: NaN"]
)
def test_no_document_holds_what_is_no_number(text):
    with pytest.raises(InputError):
        Numbers.parse(text, where="test")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{1: a, 1.0: b}", "same value"),
        ("{1: a, true: b}", "same value"),
        ("{a: 1, 'a': 2}", "stands twice"),
        ("? {a: 1}\n: 2", "unhashable"),
        ("a: " + "{a: " * 3_000, "too deeply"),
        ("[" * 3_000, "too deeply"),
        ("9" * 5_000, "digits"),
    ],
)
def test_yaml_of_no_or_two_readings_is_refused(text, why):
    with pytest.raises(yaml.YAMLError, match=why):
        read_yaml(text)


def test_a_key_that_stands_twice_in_what_was_signed_is_refused(key, trusted):
    """Another reader might take the other value, under a signature that holds."""
    from securesystemslib.dsse import Envelope

    look = LookBody(data="d", name="digits", digest="sha256:" + "1" * 64)
    predicate = LogEntry(number=1, at="2026-11-30T00:00:00Z", body=look).to_json().decode()  # type: ignore[arg-type]
    about = '[{"name": "digits", "digest": {"sha256": "' + "1" * 64 + '"}}]'
    head = f'"_type": "https://in-toto.io/Statement/v1", "predicateType": "{PREDICATE_TYPE}", "subject": {about}'
    for said, fine in ((predicate, True), (predicate.replace('"data":"d"', '"data":"e","data":"d"'), False)):
        envelope = Envelope(f'{{{head}, "predicate": {said}}}'.encode(), PAYLOAD_TYPE, {})
        envelope.sign(key)
        data = json.dumps(envelope.to_dict()).encode()
        if fine:
            assert unseal(data, trusted, where="test").body == look
        else:
            with pytest.raises(TrustError, match="not a signed statement"):
                unseal(data, trusted, where="test")
