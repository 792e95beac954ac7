"""README's own lines work as printed, for a model that its reader trained, on an empty registry and an empty log."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from guide import ROOT, blocks, environment

pytestmark = pytest.mark.slow

OWN_MODEL = """
import mlflow, numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(0)
people = pd.DataFrame({"skill": rng.normal(size=4000), "years": rng.normal(8, 3, size=4000)})
people["sex"] = rng.choice(["female", "male"], 4000)
people["race"] = rng.choice(["a", "b"], 4000)
people["hired"] = np.where(people.skill + people.years / 3 + rng.normal(size=4000) / 3 > 2.7, "yes", "no")
train, test = people[:2000], people[2000:]
test.to_csv("test.csv", index=False)
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(train[["skill", "years"]], train["hired"])
mlflow.sklearn.log_model(model, name="model", registered_model_name="my-model", pip_requirements=["scikit-learn"])
"""


def lines() -> list[str]:
    (block,) = (block for block in blocks(ROOT / "README.md") if "biasgate gate init" in block.text)
    return block.text.splitlines()


def _signer(line: str) -> str:
    """Whose key signs: an owner declares, services do the rest."""
    return "owner" if "gate declare" in line else "service"


def test_the_lines_take_a_reader_s_own_model_to_a_verdict(tmp_path: Path) -> None:
    folder, home = tmp_path / "work", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    own = {
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "BIASGATE_LOG": str(folder / "log"),
        "BIASGATE_TRUSTED_KEYS": str(folder / "trusted"),
    }

    def run(*command: str, key: str = "service") -> subprocess.CompletedProcess[str]:
        surroundings = environment(home) | own | {"BIASGATE_SIGNING_KEY_FILE": str(folder / key / "signing-key.pem")}
        return subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, timeout=1800)

    roles = {"owner": "--role owner", "service": "--role gate --role promoter"}
    keys = [
        run("biasgate", "keys", "generate", key, "--trusted", "trusted", "--owner", "ana", *roles[key].split())
        for key in roles
    ]
    for made in (*keys, run(sys.executable, "-c", OWN_MODEL)):
        assert made.returncode == 0, made.stderr
    for line in lines():
        done = run(shutil.which("bash") or "bash", "-euo", "pipefail", "-c", line, key=_signer(line))
        verdicts = (0, 4) if "kfp run gate" in line else (0,)
        assert done.returncode in verdicts, f"{line}\n{done.stdout}\n{done.stderr}"
    log = run("biasgate", "log", "show", "log", "--json").stdout
    assert "APPROVED" in log or "REJECTED" in log
