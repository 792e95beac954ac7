"""How many threads torch works on."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def using_threads(count: int) -> Generator[None]:
    """Runs torch on so many threads, then on as many as before."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
