"""What every sink of messages holds to, however it tells them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from web_hook import listening

from biasgate.errors import BiasgateError
from biasgate.registry.address_book import KINDS, AddressBook
from biasgate.registry.sink import Sink
from biasgate.report.message import Message

SCHEMES = {"webhook": "http", "apprise": "json"}
MESSAGE = Message(id="decision-1", kind="approved", subject="m", sentence="Fine.", at=datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def sink(request):
    """Builds a sink of each kind, as the file of sinks says it, that tells a server of this machine."""
    (kind,) = request.param.model_fields["kind"].annotation.__args__

    def build(url: str) -> Sink:
        said = {"kind": kind, "url": url.replace("http", SCHEMES[kind])}
        return AddressBook.build({"schema": "biasgate/sinks/v1", "sinks": {"ana": said}}).sinks["ana"]

    return build


def test_a_message_that_is_taken_is_one_request(sink):
    with listening() as hook:
        sink(hook.url).send(MESSAGE, source="file:///log")
        assert len(hook.got) == 1
        assert b"Fine." in hook.got[0]


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
def test_a_refusal_is_a_fault_of_ours_that_names_no_address(sink, status):
    with listening() as hook:
        hook.status = status
        with pytest.raises(BiasgateError) as caught:
            sink(hook.url).send(MESSAGE, source="file:///log")
    assert "secret-token" not in str(caught.value)


def test_nobody_there_is_a_fault_of_ours_that_names_no_address(sink):
    with pytest.raises(BiasgateError) as caught:
        sink("http://127.0.0.1:9/secret-token").send(MESSAGE, source="file:///log")
    assert "secret-token" not in str(caught.value)


def test_what_a_sink_holds_is_not_shown(sink):
    assert "secret-token" not in repr(sink("http://127.0.0.1:9/secret-token"))
