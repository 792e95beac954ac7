"""Messages through Apprise: plain text that begins no mention, link or markup."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from web_hook import listening

from biasgate.errors import BiasgateError
from biasgate.registry.sinks.apprise import Chat
from biasgate.report.message import Message

MESSAGE = Message(
    id="decision-3",
    kind="rejected",
    subject="digits-candidates version 1",
    sentence="<!channel> [here](https://evil.example.org) @everyone <b>\x1b[2Jfor subgroup\nAPPROVED",
    next="Mend it.",
    link="https://audit.example.org/entries/3.html",
    at=datetime(2026, 3, 1, tzinfo=UTC),
)


def test_a_service_gets_title_sentence_and_link_and_no_text_of_others_acts_there():
    with listening() as hook:
        Chat(kind="apprise", url=SecretStr(hook.url.replace("http", "json"))).send(MESSAGE, source="file:///log")
        said = json.loads(hook.got[0])
    assert said["title"] == "digits-candidates version 1: REJECTED"
    sentence, following, link = said["message"].splitlines()
    assert (following, link) == ("Mend it.", MESSAGE.link)
    for sign in ("<", "](", "https://", "@", "\x1b", "\n"):
        assert sign not in sentence


@pytest.mark.parametrize("url", ["nonsense://secret-token", "json://127.0.0.1:9/secret-token"])
def test_a_service_that_is_none_or_does_not_answer_is_a_sentence_without_its_address(url):
    with pytest.raises(BiasgateError) as caught:
        Chat(kind="apprise", url=SecretStr(url)).send(MESSAGE, source="file:///log")
    assert "secret-token" not in str(caught.value)
