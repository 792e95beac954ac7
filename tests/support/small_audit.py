"""An audit that takes a minute."""

import json

from biasgate.audit.files import read_spec

PEOPLE = {"train": 300, "test": 150}


def small_spec() -> str:
    """The built-in audit, cut down to two kernels, two seeds and few faces."""
    spec = json.loads(read_spec("kernel_faces").to_json())
    for part, people in PEOPLE.items():
        spec[part]["data"]["people"] = people
    spec |= {"seeds": 2, "samples": 200, "subgroups": ["age"], "controls": ["receptive_field"]}
    spec["intervention"]["values"], spec["recipe"]["steps"] = [3, 7], 10
    spec["perturbations"] = spec["perturbations"][:1]
    return json.dumps(spec, indent=1)
