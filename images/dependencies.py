"""Print what an image needs, a requirement a line: python dependencies.py cpu|gpu|serving."""

import sys
import tomllib
from pathlib import Path

flavour = sys.argv[1]
project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
# install.sh brings kfp's executor without its client, and each image has one build of ONNX Runtime.
left_out = {"all", "dev", "docs", "kubeflow", "onnx" if flavour == "gpu" else "gpu"}
serving = {"mlflow", "onnx", "s3"}  # what fetches a package and verifies it
chosen = serving if flavour == "serving" else extras.keys() - left_out
own = project["name"] + "["  # an extra that names another: what it stands for is chosen above
requirements = {line for name in chosen for line in extras[name] if not line.startswith(own)}
sys.stdout.write("\n".join(sorted({*project["dependencies"], *requirements})))
