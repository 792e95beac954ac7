"""A filter of system calls: no network, no other program or process, no look into other processes; see seccomp(2).

pyseccomp needs libseccomp, which slim images lack, and was last released in 2021; the filter is twenty numbers.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

from biasgate.models.sandbox.kernel import call

_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""The kernel's number of each machine (linux/audit.h) and the column of its system calls below."""
_FORBIDDEN: dict[str, tuple[int | None, int | None]] = {
    # network, and the queue of calls that no filter sees
    "socket": (41, 198), "io_uring_setup": (425, 425),
    # programs and processes
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "perf_event_open": (298, 241),
    # the machine
    "mount": (165, 40), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97), "setns": (308, 268),
    "fsopen": (430, 430), "move_mount": (429, 429), "open_by_handle_at": (304, 265), "bpf": (321, 280),
    "userfaultfd": (323, 282), "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "init_module": (175, 105), "finit_module": (313, 273), "kexec_load": (246, 104),
}  # fmt: skip
_CLONE, _CLONE3 = (56, 220), 435
_CLONE_THREAD = 0x00010000
_X32 = 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
_PR_SET_SECCOMP, _FILTER = 22, 2


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def restrict_calls() -> None:
    """From now on this process and its threads fail (EPERM) where they would reach out.

    ``clone`` makes threads alone. ``clone3``, whose flags a filter cannot see, is said not to exist; the C library
    then takes ``clone``. See seccomp(2).

    Raises:
        OSError: The machine's calls are not known here, or the kernel has no filters.
    """
    if platform.machine() not in _ARCHITECTURES:
        raise OSError(errno.ENOTSUP, f"no filter is known for {platform.machine()}")
    code = b"".join(_instructions(*_ARCHITECTURES[platform.machine()]))
    program = _Program(len(code) // 8, code)
    call("prctl", _PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)


def _instructions(architecture: int, column: int) -> list[bytes]:
    """The filter in classic BPF, each step ``(code, skip if true, skip if false, value)``."""
    numbers = sorted(number for pair in _FORBIDDEN.values() if (number := pair[column]) is not None)
    refuse = _step(_RETURN, _REFUSE | errno.EPERM)
    checks = [_step(_LOAD, _NUMBER), _step(_AT_LEAST, _X32, no=1), refuse]
    for number in numbers:
        checks += [_step(_EQUAL, number, no=1), refuse]
    checks += [_step(_EQUAL, _CLONE3, no=1), _step(_RETURN, _REFUSE | errno.ENOSYS)]
    checks += [
        _step(_EQUAL, _CLONE[column], no=3),
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_ANY_BIT, _CLONE_THREAD, yes=1),
    ]
    return [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, architecture, yes=1),
        _step(_RETURN, _KILL),
        *checks,
        refuse,
        _step(_RETURN, _ALLOW),
    ]


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value)
