"""Print what an image needs, a requirement a line: python dependencies.py cpu|gpu|serving [an extra …]."""

import sys
import tomllib
from pathlib import Path

flavour, *asked = sys.argv[1:]
project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
fetches_and_verifies = {"mlflow", "onnx", "s3"}
# Models are converted where they are submitted: no image needs `convert`. kfp's executor comes without its client.
runs_tasks = fetches_and_verifies | {"digits", "faces", "images", "plot", "torch"}
chosen = (fetches_and_verifies if flavour == "serving" else runs_tasks) | set(asked)
if unknown := chosen - extras.keys():
    sys.exit(f"no extra {min(unknown)!r}: use one of {', '.join(sorted(extras))}")
if flavour == "gpu":
    chosen = chosen - {"onnx"} | {"gpu"}  # each image has one build of ONNX Runtime
own = project["name"] + "["  # an extra that names another: what it stands for is chosen above
requirements = {line for name in chosen for line in extras[name] if not line.startswith(own)}
sys.stdout.write("\n".join(sorted({*project["dependencies"], *requirements})))
