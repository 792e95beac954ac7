"""Identities: who a person is, when two names are one person, and which names are taken at all.

A person is an account: an e-mail address, or the subject that an identity provider gives (OIDC). Whoever fills the
keyring binds accounts to people; two accounts of one human are two persons here.

There are two questions, and they err to different sides. *May this account do it?* compares accounts exactly
(``account``). *Is this a second person?* takes two names that a reader could mistake for each other as one
(``same_person``): better a wrong refusal than a person who approves their own work under another spelling.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import product
from urllib.parse import unquote

from biasgate.confusables import skeleton
from biasgate.errors import InputError

ADDRESS = re.compile(r"(?P<local>[^@\s]+)@(?P<domain>[^@\s]+)")
WITHIN = re.compile(r"[^@\s<>():;,\"]+@[^@\s<>():;,\"]+")
"""An address within other text, as in ``Bo Ek <bo@example.org>`` or ``mailto:bo@example.org``."""
SMALL_CAPITAL = re.compile(r"LATIN LETTER SMALL CAPITAL ([A-Z])")
INVISIBLE = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
"""Unicode's categories of control and format characters (bidi controls too), line ends, and what has no meaning yet."""
FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {
    chr(point)
    for first, last in ((0x180B, 0x1810), (0xFE00, 0xFE10), (0xE0100, 0xE01F0))
    for point in range(first, last)
}
"""What is drawn as nothing though it counts as a letter, a mark or a symbol: Unicode's other default-ignorables."""
TOGETHER = (
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "BOPOMOFO"},
    {"LATIN", "HAN", "HANGUL"},
)
"""Scripts that one name may mix: "highly restrictive" in Unicode Technical Standard 39, section 5.2."""


def account(name: str) -> str:
    """The one spelling of an account: without case, spare white space and compatibility forms; domains in letters.

    Example:
        >>> account("Ana@Bücher.example.") == account("ana@xn--bcher-kva.example")
        True
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    plain = " ".join(plain.split())
    if found := ADDRESS.fullmatch(plain):
        return f"{found['local']}@{_domain(found['domain'])}"
    return plain


def identity(name: str, *, capitals: bool = False, in_order: bool = False) -> str:
    """What is left of a name when all goes in which one person's spellings may differ; empty when nothing is left.

    Without case, marks, spaces, punctuation, invisible characters, the order of words, and what follows a ``+`` in an
    address; letters and digits that look alike are one.

    Args:
        name: An account or a person's name.
        capitals: Compares letters as capitals, which look alike where small letters do not.
        in_order: Keeps the order of words, as in a name that is written without spaces.

    Example:
        >>> identity("Bo Ek") == identity("EK, B\u043e")  # the last letter is Cyrillic
        True
    """
    plain = account(name)
    found = ADDRESS.fullmatch(plain)
    parts = (found["local"].partition("+")[0], found["domain"]) if found else (plain,)
    words = [_words_of(part.upper() if capitals else part) for part in parts]
    return "@".join("".join(part if in_order else sorted(part)) for part in words)


def same_person(one: str, other: str) -> bool:
    """Whether two names may be one person's; a name without a letter may be anybody's.

    A bare name and an address are one when the address begins with the name. An address counts wherever it stands in a
    name.

    Example:
        >>> same_person("Bo Ek", "bo.ek+work@example.org"), same_person("ana@example.org", "ana@example.com")
        (True, False)
        >>> same_person("bo@example.org", "The Bo <bo@example.org>")
        True
    """
    return any(
        _same(*(identity(name, capitals=capitals, in_order=in_order) for name in pair))
        for pair in product(_said(one), _said(other))
        for capitals in (False, True)
        for in_order in (False, True)
    )


def check_name(name: str, *, where: str) -> None:
    """Refuses a name that can be mistaken for another, before anything is written under it.

    Args:
        name: An account or a person's name.
        where: What names it.

    Raises:
        InputError: It has no letter, characters that cannot be seen or turn the direction of text, or letters of
            several scripts within one word.
    """
    fix = "write the account, such as an e-mail address, in the letters of one script"
    if not any(character.isalnum() for character in name):
        raise InputError("a name needs a letter or digit", where=where, fix=fix)
    for character in name:
        if _hidden(character):
            what = f"the name has a character that cannot be seen: U+{ord(character):04X}"
            raise InputError(what, where=where, fix=fix)
    for word in _words(unicodedata.normalize("NFKC", name)):
        if len(scripts := _scripts(word)) > 1 and not any(scripts <= allowed for allowed in TOGETHER):
            mixed = " and ".join(script.capitalize() for script in sorted(scripts))
            raise InputError(f"{word!a} mixes letters of {mixed}", where=where, fix=fix)


def _said(name: str) -> list[str]:
    """A name, and the addresses within it; what stands for a sign in a URI (``%40``) is that sign."""
    plain = unicodedata.normalize("NFKC", unquote(name))
    return [plain, *(found for found in WITHIN.findall(plain) if found != plain)]


def _same(first: str, second: str) -> bool:
    if ("@" in first) != ("@" in second):
        first, second = first.partition("@")[0], second.partition("@")[0]
    return not first or not second or first == second


def _domain(domain: str) -> str:
    """A domain in Unicode's letters, without the dot of the root."""
    labels = domain.rstrip(".").split(".")
    try:
        return ".".join(
            label.encode("ascii").decode("idna") if label.startswith("xn--") else label for label in labels
        ).casefold()
    except UnicodeError:
        return domain.rstrip(".")


def _words_of(text: str) -> list[str]:
    """Its words in skeleton, letters and digits alone; ``i`` is ``l``, which its capital looks like."""
    digits = "".join(_letter(character) for character in text)
    seen = (character for character in skeleton(digits) if not _hidden(character))
    kept = (character if _counts(character) else " " for character in seen)
    return "".join(kept).casefold().replace("i", "l").split()


def _letter(character: str) -> str:
    """The digit, or the capital, that a character of another form is."""
    if (value := unicodedata.decimal(character, None)) is not None:
        return str(value)
    found = SMALL_CAPITAL.fullmatch(unicodedata.name(character, ""))
    return found[1] if found else character


def _counts(character: str) -> bool:
    """Whether it is a digit or letter; modifiers, which look like marks and dashes, are none."""
    kind = unicodedata.category(character)
    return kind[0] in "LN" and kind != "Lm"


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in INVISIBLE or character in FILLERS


def _words(name: str) -> list[str]:
    """The parts of a name that each have one script: those of an address between ``@`` and dots."""
    return re.split(r"[@.\s]+" if "@" in name else r"\s+", name)


def _scripts(word: str) -> set[str]:
    from confusable_homoglyphs.categories import unique_aliases

    return unique_aliases(word) - {"COMMON", "INHERITED", "Unknown"}
