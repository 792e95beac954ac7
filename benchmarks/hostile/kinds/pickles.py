"""Archives that hold a pickle which makes the canary, each in another way."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from pathlib import Path

from hostile.archive import payload, zipped
from hostile.candidate import folder
from hostile.case import CANARY, Named, Write


def cases() -> Named:
    """Each archive holds a pickle that makes the canary in another way."""

    def archive(data: Callable[[Path], bytes], **more: bytes) -> Write:
        def write(into: Path) -> None:
            members = {"m/data.pkl": data(into), "m/version": b"3\n", "m/byteorder": b"little", **more}
            folder("model.pt", zipped(members))(into)

        return write

    def bare(data: Callable[[Path], bytes]) -> Write:
        return lambda into: folder("model.pt", data(into))(into)

    def touching(call: str, text: str) -> Callable[[Path], bytes]:
        return lambda into: opcode(call, text.format(into.parent / CANARY).encode())

    for protocol in (0, 2, 4, 5):
        yield f"a payload, protocol {protocol}", archive(lambda into, p=protocol: payload(p, into)), True
    yield "a payload without an archive", bare(lambda into: payload(2, into)), True
    for call, text in (
        ("os system", "touch {}"),
        ("posix system", "touch {}"),
        ("builtins eval", "open({!r}, 'w')"),
        ("builtins exec", "open({!r}, 'w')"),
        ("subprocess getoutput", "touch {}"),
        ("nt system", "touch {}"),
        ("runpy run_path", "{}"),
        ("torch load", "{}"),
        ("torch.hub load_state_dict_from_url", "file://{}"),
        ("pathlib Path.touch", "{}"),
        ("importlib import_module", "antigravity"),
        ("webbrowser open", "file://{}"),
    ):
        yield f"{call} in a pickle", archive(touching(call, text)), True
    script = b"def forward(self, x):\n  import os\n  return os.system('touch')\n"
    yield (
        "a TorchScript archive",
        archive(lambda into: payload(2, into), **{"m/code/__torch__.py": script, "m/constants.pkl": b"\x80\x02]."}),
        True,
    )
    legacy = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
    yield "the old format of torch with a payload", bare(lambda into: legacy + payload(2, into)), True
    yield "a pickle that never ends", archive(lambda _: b"\x80\x02" + b"]" * 5_000_000 + b"."), True
    yield (
        "a pickle that doubles itself",
        archive(lambda _: b"\x80\x02" + b"]q\x00" + b"(h\x00h\x00tq\x00" * 40 + b"."),
        True,
    )
    yield "numbers of a gigabyte", archive(lambda _: b"\x80\x02\x8b" + struct.pack("<i", 1 << 30) + b"."), True


def opcode(call: str, argument: bytes) -> bytes:
    """A pickle written by hand: a global called with one text."""
    module, name = call.split()
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n(V" + argument + b"\ntR."
