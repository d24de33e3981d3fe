"""What the recipes leave to be gained is read from the longest trainings of the sweep."""

import math
from dataclasses import asdict, replace

import pandas as pd
import pytest

from benchmarks.experiments.recipes.run import recipe_rows
from benchmarks.store.keys import canonical_json
from benchmarks.tables.files import SHIPPED, table_trials
from benchmarks.tables.recipes import FINAL, SEARCH


def test_the_gain_is_that_of_the_last_doubling_with_the_recipes_batch_and_rate():
    recipe = FINAL["detection"]
    passes = (recipe.example_passes // 4, recipe.example_passes // 2, recipe.example_passes)
    rows = [(count, recipe.peak_learning_rate, 0.1 * place) for place, count in enumerate(passes) for _ in range(2)]
    rows += [(count, 0.01, 0.9) for count in passes]
    sweep = pd.DataFrame(rows, columns=["example_passes", "peak_learning_rate", "quality"])
    search, final = recipe_rows("detection", sweep.assign(batch_size=recipe.batch_size), [])
    assert math.isnan(search["gain"])
    assert final["gain"] == pytest.approx(0.1)
    assert (final["gain_passes"], final["quality"]) == (recipe.example_passes, pytest.approx(0.2))
    assert math.isnan(final["core_seconds"])


def test_a_cores_seconds_are_of_the_cpu_that_has_most_trainings():
    sweep = pd.DataFrame(columns=["example_passes", "peak_learning_rate", "quality", "batch_size"])
    known = [trial for trial in table_trials(SHIPPED, "segmentation") if trial.key.code_path == "static"]
    recipe = canonical_json(asdict(SEARCH["segmentation"]))
    first, second = (trial for trial in [one for one in known if one.key.fidelity == recipe][:2])
    trials = [
        replace(trial, seconds=seconds, provenance=replace(trial.provenance, device=device))
        for trial, seconds, device in ((first, 90.0, "fast"), (first, 20.0, "slow"), (second, 30.0, "slow"))
    ]
    row, _ = recipe_rows("segmentation", sweep, trials)
    assert (row["core"], row["core_seconds"], row["trainings"]) == ("slow", 25.0, 2)
