from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasgate.confusables import skeleton
from biasgate.errors import InputError
from biasgate.gate.trust.identity import account, check_name, same_person
from biasgate.gate.trust.rotation import new_key
from biasgate.gate.trust.waiver import Waiver, holds


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("ida  LARSEN", id="case and spaces"),
        pytest.param("Larsen, Ida", id="order of words"),
        pytest.param("IdaLarsen", id="no space"),
        pytest.param("Ida-Larsen.", id="punctuation"),
        pytest.param("Ida\u200b Larsen", id="zero width space"),
        pytest.param("\u202eIda Larsen\u202c", id="direction turned"),
        pytest.param("Ida\u2066 Larsen\u2069", id="direction isolated"),
        pytest.param("Ida Lars\u00aden", id="soft hyphen"),
        pytest.param("Ida\ufe0e Larsen", id="variation selector"),
        pytest.param("Ida Larsen\U000e0101", id="supplementary variation selector"),
        pytest.param("Ida\u180eLarsen", id="vowel separator"),
        pytest.param("Ida\u2800Larsen", id="braille blank"),
        pytest.param("Ida\u115f Larsen", id="Hangul filler"),
        pytest.param("\uff29\uff44\uff41 Larsen", id="full width"),
        pytest.param("\U0001d408\U0001d41d\U0001d41a Larsen", id="mathematical"),
        pytest.param("Id\u0430 Larsen", id="Cyrillic a"),
        pytest.param("\u0399da Larsen", id="Greek iota"),
        pytest.param("\u13a5da Larsen", id="Cherokee i"),
        pytest.param("1da Larsen", id="digit one"),
        pytest.param("lda Larsen", id="small l"),
        pytest.param("Ida L\u00e4rsen", id="mark, composed"),
        pytest.param("Ida La\u0308rsen", id="mark, combining"),
        pytest.param("Ida L\u0336arsen", id="overlay"),
        pytest.param("ida.larsen@example.org", id="address that begins with the name"),
        pytest.param("larsen_ida+gate@example.org", id="address with a tag"),
    ],
)
def test_spellings_that_a_reader_takes_for_one_person_are_one(other):
    assert same_person("Ida Larsen", other)
    assert same_person(other, "Ida Larsen")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ida@example.org", "IDA@EXAMPLE.ORG."),
        ("ida@example.org", "ida+x@example.org"),
        ("ida@ex\u00e4mple.org", "ida@xn--exmple-cua.org"),
        ("ida@example.org", "ida@ex\u0430mple.org"),
        ("ida@example.org", "ida@xn--exmple-4nf.org"),
        ("ida0@example.org", "idaO@example.org"),
        ("ida0@example.org", "ida\u0660@example.org"),
        ("\u0391\u039d\u039d\u0391", "ANNA"),
        ("mirna", "rnirna"),
        ("ida@example.org", "Ida Larsen <ida@example.org>"),
        ("Ida <ida@example.org>", "mailto:ida@example.org"),
        ("ida@example.org", "ida%40example.org (work)"),
        ("Ida Larsen", "\u026ada \u029f\u1d00\u0280s\u1d07\u0274"),
        ("Straße", "STRASSE"),
        ("\u0130da", "ida"),
    ],
)
def test_addresses_and_letters_that_look_alike_are_one(one, other):
    assert same_person(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ida Larsen", "Ida Hansen"),
        ("Ann", "Anna"),
        ("ida@example.org", "ida@example.com"),
        ("ida@example.org", "bo@example.org"),
        ("Ida Larsen <ida@example.org>", "Bo Larsen <bo@example.org>"),
        ("\u7530\u4e2d", "\u5c71\u7530"),
        ("\u041c\u0430\u0440\u0438\u044f", "\u041c\u0430\u0440\u0444\u0430"),
    ],
)
def test_other_persons_are_others(one, other):
    assert not same_person(one, other)


@pytest.mark.parametrize("nobody", ["", " ", "—", "\u200b", "@", "..."])
def test_a_name_without_a_letter_may_be_anybodys(nobody):
    assert same_person(nobody, "Ida Larsen")


@given(st.text(max_size=12))
def test_whoever_may_be_asked_is_the_same_as_themselves(name):
    assert same_person(name, name)
    assert account(account(name)) == account(name)


@given(st.text(max_size=12), st.sampled_from("\u200b\u200d\u2060\u00ad\ufeff\u202e\u034f\u3164"), st.integers(0, 12))
def test_no_invisible_character_makes_a_second_person(name, hidden, place):
    assert same_person(name, name[:place] + hidden + name[place:])


def test_an_account_is_compared_exactly_where_it_gives_a_right():
    assert account("Ida@Example.org") == account("ida@example.org.")
    for other in ("ida+x@example.org", "id\u0430@example.org", "Ida", "ida@example.org\u200b"):
        assert account(other) != account("ida@example.org")


def test_a_skeleton_is_that_of_the_prototypes():
    assert skeleton("\u0440\u0430\u0443\u0440\u0430l") == "paypal"
    assert skeleton("I1|l") == "llll"
    assert skeleton("m") == skeleton("rn")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Ida\u200b Larsen", "U\\+200B"),
        ("\u202eIda", "U\\+202E"),
        ("Ida\u2800", "U\\+2800"),
        ("Ida\ufe0f", "U\\+FE0F"),
        ("Ida\n", "U\\+000A"),
        ("Id\u0430", "Cyrillic and Latin"),
        ("ida@ex\u0430mple.org", "Cyrillic and Latin"),
        ("\u03b9da", "Greek and Latin"),
        ("—", "letter or digit"),
        ("", "letter or digit"),
    ],
)
def test_names_that_can_be_mistaken_are_refused(name, why):
    with pytest.raises(InputError, match=why):
        check_name(name, where="test")


@pytest.mark.parametrize(
    "name",
    [
        "Ida Larsen",
        "ida.larsen@example.org",
        "O'Brien-Smith",
        "Zoe\u0308",
        "\u7530\u4e2d\u30bf\u30ed\u30a6",
        "\u041c\u0430\u0440\u0438\u044f Larsen",
        "\u043c\u0430\u0440\u0438\u044f@example.org",
        "https://login.example.org/4711",
    ],
)
def test_usual_names_are_taken(name):
    check_name(name, where="test")


def test_no_key_is_made_for_a_name_that_can_be_mistaken(tmp_path):
    with pytest.raises(InputError, match="mixes letters"):
        new_key(tmp_path / "key", trusted=tmp_path / "trusted", owner="Id\u0430", roles=("approver",))
    assert not (tmp_path / "trusted").exists()


@pytest.mark.parametrize("approver", ["ana", "\u0410na", "ana@example.org", "Bo Ek", "b\u043e.ek@example.org"])
def test_a_waiver_needs_a_second_person_under_any_spelling(approver):
    from datetime import UTC, datetime, timedelta

    now = datetime(2026, 11, 30, tzinfo=UTC)
    policy = "sha256:" + "0" * 64
    waiver = Waiver(
        rule="gap",
        policy=policy,
        model="loans",
        owner="Bo Ek",
        reason="-",
        expires=now + timedelta(days=1),
        approved_by=approver,
    )
    assert not holds(waiver, model="loans", policy=policy, submitter="Ana", at=now)
    assert holds(
        waiver.model_copy(update={"approved_by": "cy@example.org"}),
        model="loans", policy=policy, submitter="Ana", at=now,
    )  # fmt: skip
