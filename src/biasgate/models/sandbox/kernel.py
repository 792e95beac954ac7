"""Calls of Linux that Python has no function for."""

from __future__ import annotations

import ctypes
import os
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38


def call(function: str, *arguments: Any) -> int:
    """The result of a function of the C library whose arguments are numbers or pointers.

    Raises:
        OSError: The kernel refuses, or has no such call.
    """
    wide = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments]
    result = getattr(_LIBC, function)(*wide)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)


def hide_memory() -> None:
    """Keeps other processes of this user from reading this one's memory and environment, for good.

    No debugger and no core dump sees it either; see PR_SET_DUMPABLE in prctl(2).

    Raises:
        OSError: The kernel refuses.
    """
    call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def renounce_privileges() -> None:
    """No program that this process starts gains rights; see PR_SET_NO_NEW_PRIVS in prctl(2).

    Raises:
        OSError: The kernel refuses.
    """
    call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
