from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from biasgate.gate.ledger.merkle import leaf, path, root, root_by

VECTORS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
"""The entries by which implementations of Certificate Transparency are tested."""


def by_the_book(entries: list[bytes]) -> bytes:
    """The tree's root as RFC 6962 defines it, word for word."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1
    while 2 * k < len(entries):
        k *= 2
    return hashlib.sha256(b"\x01" + by_the_book(entries[:k]) + by_the_book(entries[k:])).digest()


def test_the_roots_are_those_of_certificate_transparency():
    leaves = [leaf(bytes.fromhex(text)) for text in VECTORS]
    assert root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root(leaves[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40, unique=True), st.data())
def test_a_path_leads_from_its_entry_alone_to_the_root_of_its_tree_alone(entries, data):
    leaves = [leaf(entry) for entry in entries]
    index = data.draw(st.integers(0, len(entries) - 1))
    proof = path(leaves, index)
    assert root(leaves) == by_the_book(entries) == root_by(proof, entries[index], index=index, size=len(entries))
    assert len(proof) <= (len(entries) - 1).bit_length()
    assert root_by(proof, entries[index] + b"x", index=index, size=len(entries)) != root(leaves)
    other = data.draw(st.integers(-1, len(entries) + 2).filter(lambda at: at != index))
    assert root_by(proof, entries[index], index=other, size=len(entries)) != root(leaves)
    for wrong in (proof[:-1], [*proof, leaf(b"")], proof[::-1]):
        if wrong != proof:
            assert root_by(wrong, entries[index], index=index, size=len(entries)) != root(leaves)


def test_a_node_is_no_leaf():
    pair = [leaf(b"a"), leaf(b"b")]
    assert root_by([], b"\x01" + pair[0] + pair[1], index=0, size=1) != root(pair)
