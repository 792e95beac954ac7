"""Print what biasgate requires with one extra, a requirement a line: python dependencies.py cpu."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
sys.stdout.write("\n".join(project["dependencies"] + project["optional-dependencies"][sys.argv[1]]))
