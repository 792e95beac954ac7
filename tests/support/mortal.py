"""Forks a child for each line on stdin; it acts as owner, gate, sweep, person or promoter and kills itself at a step.

    python mortal.py < {"keys": "…", "action": "promote", "fatal": 12, "options": {"log": "…"}}

A step is a call by which the rooms that write reach out of our code: of a library, or of the system. The child dies
just before its step number ``fatal``; it tells how many there are when it got through.
"""

import io
import json
import os
import signal
import sys
from pathlib import Path

import mlflow.store.tracking.sqlalchemy_store  # noqa: F401 (what is imported on the way is no step)
import onnxruntime  # noqa: F401

import biasgate
from biasgate.gate.declaration import Gate
from biasgate.gate.ledger.answer import answer
from biasgate.gate.ledger.declare import declare
from biasgate.gate.ledger.log import read_history
from biasgate.gate.trust.keyring import trusted_keys
from biasgate.gate.trust.keys import read_signing_key
from biasgate.kubeflow.steps.evaluation import evaluate_subgroups
from biasgate.kubeflow.steps.gate import decide_candidate
from biasgate.kubeflow.steps.inspection import inspect_candidate
from biasgate.kubeflow.steps.look import take_look
from biasgate.registry.alerts import Alarm
from biasgate.registry.attempts import take_up
from biasgate.registry.break_glass import break_glass
from biasgate.registry.inventory import undecided
from biasgate.registry.promoter import promote
from biasgate.registry.rollback import roll_back
from biasgate.registry.tracking import open_pipeline_run

home = Path(biasgate.__file__).parent
PURE = ("/pydantic", "/typing", "/dataclasses", "/enum", "/contextlib", "/functools", "/json/", "/re/", "/abc", "/copy")
watched = tuple(str(home / room) for room in ("storage/", "registry/", "kubeflow/steps/", "gate/ledger/"))


def signing(keys, owner):
    """The options of whoever signs with this person's or service's key."""
    pem = (keys / owner / "signing-key.pem").read_bytes()
    return {"key": read_signing_key(pem, where=owner), "trusted": trusted_keys(keys / "trusted")}


def judge(keys, log, package, source, gate, scan):
    os.environ["BIASGATE_LOG"] = log
    os.environ["BIASGATE_SIGNING_KEY_FILE"] = str(keys / "gate" / "signing-key.pem")
    os.environ["BIASGATE_TRUSTED_KEYS"] = str(keys / "trusted")
    run, out = open_pipeline_run("gate"), Path(scan).parent
    held = {"gate": gate, "run": run}
    inspect_candidate(package=Path(package), inspection=out / "inspection.json", **held)
    look = take_look(package=Path(package), inspection=out / "inspection.json", **held)
    places = {"evaluation": out / "evaluation.json", "html": out / "evaluation.html"}
    evaluate_subgroups(package=Path(package), look=look, **places, **held)
    decide_candidate(
        source=source,
        gate=gate,
        inspection=out / "inspection.json",
        scan=Path(scan),
        run=run,
        evaluation=out / "evaluation.json",
        entry=out / "entry.json",
        report=out / "report.html",
        card=out / "card.md",
    )


def sweep(keys, log, name):
    options = signing(keys, "gate")
    history = read_history(log, options["trusted"])
    take_up(log, name, undecided([name], history), history, most=1, key=options["key"])


ACTIONS = {
    "judge": judge,
    "sweep": sweep,
    "declare": lambda keys, log, gate: declare(log, Gate.parse(gate), **signing(keys, "Vi")),
    "promote": lambda keys, log: promote(log, **signing(keys, "promoter")),
    "answer": lambda keys, log, entry: answer(
        log, entry, granted=True, approver="Bo", reason="r", **signing(keys, "Bo")
    ),
    "break_glass": lambda keys, log, source: break_glass(
        log, source, by="Cy", reason="r", hours=1, alarm=Alarm(), **signing(keys, "Cy")
    ),
    "roll_back": lambda keys, log, name: roll_back(
        log, name, to="1", by="Di", reason="r", alarm=Alarm(), **signing(keys, "promoter")
    ),
}


known: dict[object, bool] = {}


def outward(caller, callee, c_function):
    """Whether this is a call out of our code: of a library, or of the system."""
    if caller not in known:
        known[caller] = caller.co_filename.startswith(watched)
    if not known[caller]:
        return False
    if callee is None:
        return c_function.__module__ == "posix" or isinstance(getattr(c_function, "__self__", None), io.IOBase)
    return not callee.co_filename.startswith((str(home), "<")) and not any(one in callee.co_filename for one in PURE)


def killer(fatal):
    def before(frame, event, what):
        if event not in ("call", "c_call"):
            return
        inner = event == "c_call"
        caller = frame if inner else frame.f_back
        if caller and outward(caller.f_code, None if inner else frame.f_code, what):
            steps[0] += 1
            if steps[0] == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    steps = [0]
    return before, steps


def say(**what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


for line in sys.stdin:
    job = json.loads(line)
    os.environ.update(job["environment"])
    child = os.fork()
    if child == 0:
        profile, steps = killer(job["fatal"])
        sys.setprofile(profile)
        try:
            ACTIONS[job["action"]](Path(job["keys"]), **job["options"])
        except BaseException as error:
            sys.setprofile(None)
            say(failed=repr(error))
            os._exit(0)
        sys.setprofile(None)
        say(finished=steps[0])
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        say(killed=os.WTERMSIG(status))
