"""The best network at the baseline's latency: the first of truth's that keeps it compiled whole."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.iso_latency import run as module
from tasks.registry import make_task


def test_a_space_with_nothing_within_the_bound_is_passed_over(monkeypatch):
    latency = {"baseline": 2.0, (1, 2): 3.0, (3, 4): 1.5}
    monkeypatch.setattr(module, "exact_cost", lambda blocks, *_: SimpleNamespace(latency_ms=latency[blocks]))
    models = SimpleNamespace(
        table=SimpleNamespace(task=make_task("detection")),
        baseline=SimpleNamespace(blocks="baseline"),
        of_space=lambda space, genotype: SimpleNamespace(blocks=tuple(genotype)),
    )
    truth = pd.DataFrame({"space": ["uncurated", "V1", "V3"], "own_genotype": [np.nan, "1 2", "3 4"]})
    found = module.best_within_latency(models, truth, "ethos-u55-256", None)  # pyright: ignore[reportArgumentType]
    assert (found.network.blocks, found.more) == ((3, 4), {"space": "V3"})
    with pytest.raises(BenchmarkInputError, match="no network of detection within the baseline's latency on ethos-u5"):
        module.best_within_latency(models, truth[:2], "ethos-u55-256", None)  # pyright: ignore[reportArgumentType]
