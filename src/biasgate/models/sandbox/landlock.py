"""Landlock: the files that a process may still open, by its own will and for good; see landlock(7).

The packages that wrap it are pre-releases or months old, and three system calls are all that is needed.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

from biasgate.models.sandbox.kernel import call

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_TRUNCATE = 1 << 14
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
"""All rights on files that each version of the interface knows; later ones add none that matter here."""
_TCP_BIND_AND_CONNECT = 3
_ABSTRACT_SOCKETS_AND_SIGNALS = 3
_O_PATH = 0o10000000


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scope", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("rights", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def restrict_files(*, read: Iterable[Path], write: Iterable[Path]) -> None:
    """From now on this process opens only what lies at or below these paths; paths that do not exist are left out.

    Where the kernel knows how, TCP ports, abstract sockets and signals to other processes are shut off as well, and
    with every version no other process can be read through ``/proc``.

    Args:
        read: Files and folders to read.
        write: Folders to read and to write files in.

    Raises:
        OSError: The kernel has no Landlock, or it is switched off.
    """
    version = call("syscall", _CREATE_RULESET, 0, 0, _VERSION)
    every = _RIGHTS[min(version, 3)]
    network = _TCP_BIND_AND_CONNECT if version >= 4 else 0
    scope = _ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = call("syscall", _CREATE_RULESET, ctypes.byref(_Ruleset(every, network, scope)), size, 0)
    for path in read:
        _allow(ruleset, path, _READ_FILE | _READ_DIR)
    for path in write:
        _allow(ruleset, path, every & ~_EXECUTE)
    call("syscall", _RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, _O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not path.is_dir():
        rights &= _READ_FILE | _WRITE_FILE
    rule = _PathBeneath(rights, place)
    call("syscall", _ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    os.close(place)
