"""What a protobuf message would unpack to, counted on its bytes before the parser allocates anything.

Two bytes of an empty node become a hundred and fifty in memory, so that a file's size alone bounds nothing. The wire
format is documented at https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_PLAIN = {
    FieldDescriptor.TYPE_BYTES, FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE,
}  # fmt: skip
"""Types whose values take as many bytes in memory as in the file."""


def count_fields(data: bytes, message: type[Message], *, limit: int) -> int:
    """Number of fields and packed integers in a message and all within it; stops above ``limit``.

    Raises:
        ValueError: The bytes are no such message.
    """
    count = 0
    spans: list[tuple[int, int, Any]] = [(0, len(data), message.DESCRIPTOR)]
    while spans and count <= limit:
        at, end, descriptor = spans.pop()
        while at < end and count <= limit:
            count += 1
            tag, at = _varint(data, at)
            field = descriptor.fields_by_number.get(tag >> 3)
            match tag & 7:  # the wire type: varint, 64 bits, bytes, 32 bits
                case 0:
                    _, at = _varint(data, at)
                case 1:
                    at += 8
                case 2:
                    length, at = _varint(data, at)
                    if field and field.message_type:
                        spans.append((at, at + length, field.message_type))
                    elif field and field.type not in _PLAIN:
                        count += length
                    at += length
                case 5:
                    at += 4
                case _:
                    raise ValueError("an unknown wire type")
        if at > end:
            raise ValueError("the bytes end within a field")
    return count


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The integer at ``at``, seven bits a byte, and the place after it."""
    value = shift = 0
    while shift < 70 and at < len(data):
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
    raise ValueError("a broken integer")
