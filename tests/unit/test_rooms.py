"""The house is built as CONTRIBUTING.md says: rooms import downwards, components stay thin, kfp stays outside."""

import ast
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "src" / "biasgate"
FOUNDATION = (
    "errors",
    "documents",
    "strict_json",
    "strict_yaml",
    "progress",
    "discovery",
    "extras",
    "foreign_text",
    "confusables",
    "unknown_keys",
)
ALLOWED: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("rooms.yaml").read_text())
LONGEST_BODY = 20


def imports(path: Path) -> list[str]:
    """Every module that a file imports, at its top or inside a function."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.append(str(node.module))
    return found


def library_files() -> list[Path]:
    return sorted(LIBRARY.rglob("*.py"))


def room_of(path: Path) -> str:
    """The first folder; ``biasgate/__init__.py`` is the face of the front door."""
    room = path.relative_to(LIBRARY).parts[0].removesuffix(".py")
    return "api" if room == "__init__" else room


def arrows(path: Path) -> set[str]:
    """The rooms that a file imports from, save its own."""
    rooms = {module.split(".")[1] for module in imports(path) if module.startswith("biasgate.")}
    return rooms - {room_of(path), *FOUNDATION}


@pytest.mark.parametrize("path", library_files(), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_a_file_imports_only_rooms_that_its_own_may_and_only_kubeflow_imports_kfp(path: Path) -> None:
    room = room_of(path)
    assert room == "kubeflow" or not any(module.split(".")[0].startswith("kfp") for module in imports(path))
    assert arrows(path) <= set(ALLOWED.get(room, []))


def test_rooms_stand_on_rooms_below_them_and_every_arrow_that_is_allowed_is_used() -> None:
    rooms = list(ALLOWED)
    used = {room: {to for path in library_files() if room_of(path) == room for to in arrows(path)} for room in rooms}
    for place, room in enumerate(rooms):
        assert set(ALLOWED[room]) <= set(rooms[:place])
        assert set(ALLOWED[room]) == used[room]


def test_no_module_imports_one_that_needs_it_not_even_inside_a_function_or_for_types() -> None:
    names = {".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts): path for path in library_files()}
    TopologicalSorter({name: names.keys() & set(imports(path)) for name, path in names.items()}).prepare()


def test_every_folder_of_the_library_is_packaged() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {path.parent.relative_to(LIBRARY.parent) for path in library_files()}
    assert {".".join(folder.parts) for folder in folders} == {
        name for name in packages if name not in ("biasgate.components", "biasgate.pipelines")
    }


@pytest.mark.parametrize("path", sorted((ROOT / "components").glob("*.py")), ids=lambda path: path.name)
def test_components_are_thin_and_import_only_kfp_at_the_top(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in tree.body:
        modules = [str(node.module)] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for module in modules:
            top = module.split(".")[0]
            assert top in sys.stdlib_module_names | {"kfp"} or module.startswith("biasgate.components"), module
        if isinstance(node, ast.FunctionDef):
            body = [
                statement
                for statement in node.body
                if not isinstance(statement, ast.Expr) or statement is not node.body[0]
            ]
            lines = body[-1].end_lineno - body[0].lineno + 1  # type: ignore[operator]
            assert lines <= LONGEST_BODY, f"{node.name} has a body of {lines} lines"


def test_the_command_line_starts_without_heavy_libraries() -> None:
    heavy = ("torch", "mlflow", "pandas", "sklearn", "kfp", "onnx")
    code = f"import sys, biasgate.cli; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
