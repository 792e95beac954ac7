"""The house is built as CONTRIBUTING.md says: rooms import downwards, components stay thin, kfp stays outside."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "src" / "biasgate"
FOUNDATION = ("errors", "documents", "progress")
ROOMS = (
    "storage", "statistics", "data", "models", "training", "zoo", "weights", "meta", "evaluation", "debias", "audit",
    "gate", "registry", "report", "steps", "cli",
)  # fmt: skip
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
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", library_files(), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_a_room_imports_only_rooms_before_it_and_never_kfp(path: Path) -> None:
    room = room_of(path)
    for module in imports(path):
        assert not module.split(".")[0].startswith("kfp"), f"{path} imports kfp"
        parts = module.split(".")
        if parts[0] != "biasgate" or len(parts) == 1 or room == "__init__":
            continue
        if parts[1] in FOUNDATION or parts[1] == room:
            continue
        assert parts[1] in ROOMS, f"{path} imports {module}, which is no room of the library"
        assert room in ROOMS, f"{path} is below all rooms but imports {module}"
        assert ROOMS.index(parts[1]) < ROOMS.index(room), f"{path} imports upwards: {module}"


def test_no_module_imports_one_that_needs_it_not_even_inside_a_function_or_for_types() -> None:
    names = {".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts): path for path in library_files()}
    TopologicalSorter({name: names.keys() & set(imports(path)) for name, path in names.items()}).prepare()


def test_every_room_is_packaged() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    for room in ROOMS:
        assert (LIBRARY / room / "__init__.py").is_file()
        assert f'"biasgate.{room}"' in text


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
