import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "docs" / "site"))


@pytest.fixture(scope="session")
def reference() -> dict[str, str]:
    """The pages made from the code, by their path under ``docs/reference``."""
    from reference import pages

    return pages()
