"""Classes are found in the files of a package."""

import sys
from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from biasgate.discovery import defined_in


class Shape(ABC):
    @abstractmethod
    def corners(self) -> int: ...


ONE = """
from abc import ABC
from {here} import Shape

class Polygon(Shape, ABC):
    pass

class {name}(Polygon):
    def corners(self):
        return {corners}

class Unrelated:
    pass
"""


def test_what_a_new_file_defines_is_found_but_not_what_it_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "shape_base", sys.modules[__name__])
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "shapes_for_a_test"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "triangle.py").write_text(ONE.format(here="shape_base", name="Triangle", corners=3))
    (package / "square.py").write_text(
        ONE.format(here="shape_base", name="Square", corners=4) + "\nfrom shapes_for_a_test.triangle import Triangle\n"
    )
    found = defined_in("shapes_for_a_test", Shape)
    assert [shape().corners() for shape in found] == [4, 3]  # pyright: ignore[reportAbstractUsage]  # none of them is
