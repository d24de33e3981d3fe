"""Accelerator-aware neural architecture search: the public names of the suite.

    import accelnas

    network = accelnas.load_network(Path("network.json"))
    accelnas.predict(network.blocks, "ethos-u85-1024").cost.latency_ms

Nothing is defined here.  Each name is loaded from where it is defined when it is first asked for, so that importing
this takes milliseconds; its documentation is there.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.errors import BenchmarkInputError
    from benchmarks.fidelities import get_fidelity
    from benchmarks.problem import space_for
    from benchmarks.tables.query import load_table
    from hw_model.blocks import Block, check_chain
    from hw_model.cost import Cost, count_macs, count_params
    from hw_model.cost_models import accelerator_names, cost_model
    from hw_model.errors import HardwareInputError
    from hw_model.network_file import Network, load_network
    from hw_model.network_schema import network_schema
    from hw_model.predict import Prediction, predict
    from nas_algos.compare import compare
    from nas_algos.errors import AlgorithmInputError
    from nas_algos.evaluator import Evaluation, Evaluator
    from nas_algos.genotypes import mutate, sample
    from nas_algos.load import build_strategy
    from nas_algos.loop import Search, search
    from nas_algos.objectives import Objective, best_quality, least_cost, pareto
    from nas_algos.policies import Policy
    from nas_algos.registry import strategy_names
    from nas_algos.strategy import Strategy
    from nas_algos.tabular import Table, make_table, tabular
    from nas_algos.trajectory import Found
    from tasks.errors import TaskInputError
    from tasks.fidelity import Fidelity
    from tasks.networks.blocks import ChainNetwork
    from tasks.registry import make_task
    from tasks.spaces.layer import Decision, Layer, Presence
    from tasks.spaces.space import SearchSpace
    from tasks.task import Task

__all__ = [
    "AlgorithmInputError",
    "BenchmarkInputError",
    "Block",
    "ChainNetwork",
    "Cost",
    "Decision",
    "Evaluation",
    "Evaluator",
    "Fidelity",
    "Found",
    "HardwareInputError",
    "Layer",
    "Network",
    "Objective",
    "Policy",
    "Prediction",
    "Presence",
    "Search",
    "SearchSpace",
    "Strategy",
    "Table",
    "Task",
    "TaskInputError",
    "accelerator_names",
    "best_quality",
    "build_strategy",
    "check_chain",
    "compare",
    "cost_model",
    "count_macs",
    "count_params",
    "get_fidelity",
    "least_cost",
    "load_network",
    "load_table",
    "make_table",
    "make_task",
    "mutate",
    "network_schema",
    "pareto",
    "predict",
    "sample",
    "search",
    "space_for",
    "strategy_names",
    "tabular",
]

_MODULES = {
    "benchmarks.errors": ("BenchmarkInputError",),
    "benchmarks.fidelities": ("get_fidelity",),
    "benchmarks.problem": ("space_for",),
    "benchmarks.tables.query": ("load_table",),
    "hw_model.blocks": ("Block", "check_chain"),
    "hw_model.cost": ("Cost", "count_macs", "count_params"),
    "hw_model.cost_models": ("accelerator_names", "cost_model"),
    "hw_model.errors": ("HardwareInputError",),
    "hw_model.network_file": ("Network", "load_network"),
    "hw_model.network_schema": ("network_schema",),
    "hw_model.predict": ("Prediction", "predict"),
    "nas_algos.compare": ("compare",),
    "nas_algos.errors": ("AlgorithmInputError",),
    "nas_algos.evaluator": ("Evaluation", "Evaluator"),
    "nas_algos.genotypes": ("mutate", "sample"),
    "nas_algos.load": ("build_strategy",),
    "nas_algos.loop": ("Search", "search"),
    "nas_algos.objectives": ("Objective", "best_quality", "least_cost", "pareto"),
    "nas_algos.policies": ("Policy",),
    "nas_algos.registry": ("strategy_names",),
    "nas_algos.strategy": ("Strategy",),
    "nas_algos.tabular": ("Table", "make_table", "tabular"),
    "nas_algos.trajectory": ("Found",),
    "tasks.errors": ("TaskInputError",),
    "tasks.fidelity": ("Fidelity",),
    "tasks.networks.blocks": ("ChainNetwork",),
    "tasks.registry": ("make_task",),
    "tasks.spaces.layer": ("Decision", "Layer", "Presence"),
    "tasks.spaces.space": ("SearchSpace",),
    "tasks.task": ("Task",),
}
"""Where each public name is defined; a test holds it to the imports above, which type checkers and editors read."""

_FOLDER = Path(__file__).parent.parent
_PACKAGES = ("hw_model", "nas_algos", "tasks", "benchmarks")


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            value = getattr(importlib.import_module(module), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _take_names() -> None:
    """Have our packages be found here, whatever a `tasks.py` in the user's folder or path is.

    Raises ImportError where another module of such a name has been imported already.
    """
    for name in _PACKAGES:
        file = _FOLDER / name / "__init__.py"
        known = sys.modules.get(name)
        if known is None:
            specification = importlib.util.spec_from_file_location(name, file)
            assert specification is not None
            assert specification.loader is not None
            sys.modules[name] = importlib.util.module_from_spec(specification)
            specification.loader.exec_module(sys.modules[name])
        elif (other := getattr(known, "__file__", None)) is None or not file.samefile(other):
            raise ImportError(
                f"module {name!r} is {other or 'a folder without __init__.py'} here, and accelnas has a package of "
                "that name: import accelnas before it, or rename it"
            )


_take_names()
