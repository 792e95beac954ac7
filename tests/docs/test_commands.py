"""What the tutorial and the how-tos tell a reader to run works as printed, from an empty folder, in order.

A ``bash`` block is run unless a comment before it says why not; a block with a title is saved under that name first;
each line of a ``text`` block must be in what the block before it printed.
"""

import shutil
import subprocess
from pathlib import Path

import pytest
from guide import RUN, blocks, environment, name

pytestmark = pytest.mark.slow

MARK = "=== end of block"
LEFT_OUT = [(page, block) for page in RUN for block in blocks(page) if block.kind == "bash" and block.reason]
RUNNABLE = [page for page in RUN if any(block.kind == "bash" and not block.reason for block in blocks(page))]


@pytest.mark.parametrize("page", RUNNABLE, ids=name)
def test_a_reader_can_run_the_page_from_an_empty_folder(page: Path, tmp_path: Path) -> None:
    found = blocks(page)
    folder, home = tmp_path / "work", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    for block in found:
        if block.file:
            (folder / block.file).write_text(block.text)
    run = [place for place, block in enumerate(found) if block.kind == "bash" and not block.reason]
    script = "\n".join(f"{found[place].text}\necho '{MARK}'" for place in run)
    done = subprocess.run(
        [shutil.which("bash") or "bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout
    for place, printed in zip(run, done.stdout.split(MARK), strict=False):
        if place + 1 < len(found) and found[place + 1].kind == "text":
            missing = [line for line in found[place + 1].text.splitlines() if line not in printed]
            assert not missing, printed


@pytest.mark.parametrize(("page", "block"), LEFT_OUT, ids=[f"{name(page)}: {block.reason}" for page, block in LEFT_OUT])
def test_a_block_that_is_not_run_says_why(page: Path, block) -> None:
    pytest.skip(block.reason)
