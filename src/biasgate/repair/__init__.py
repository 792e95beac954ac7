"""Repair of a biased model: methods, how their settings are chosen, and the package that results.

Python binds the name ``biasgate.repair`` to this room as soon as a file of it is imported, so the room itself can be
called: ``biasgate.repair(model, data, into=…)`` is ``biasgate.repair.front.repair``.
"""

import sys
from types import ModuleType
from typing import Any


class _CallableRoom(ModuleType):
    def __call__(self, *given: Any, **named: Any) -> Any:
        from biasgate.repair.front import repair

        return repair(*given, **named)


sys.modules[__name__].__class__ = _CallableRoom
