"""Winners of the surrogates against what they came to, on made-up trainings."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.optimisers_curse import run as module
from benchmarks.experiments.optimisers_curse.choices import row_of
from benchmarks.experiments.optimisers_curse.run import curse_rows
from benchmarks.report.pages.optimisers_curse import page
from benchmarks.tables.article import article_cells
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.models import load_models
from tests.benchmarks.store.records import of_genotype as trained


def winners():
    rows = [
        {"cell": f"toy-curse-1-{place:02d}", "genotype": f"{place} 1", "seed": 10 * place + seed, "round": 1}
        | {"predicted": 0.60, "predicted_at_once": 0.58}
        for place in range(3)
        for seed in range(5)
    ]
    return pd.DataFrame(rows)


def test_a_winners_row_has_what_was_predicted_and_the_mean_of_its_seeds():
    alone = [trained((0, 1), seed, 0.50 + 0.01 * seed) for seed in range(5)]
    at_once = [trained((1, 1), 10 + seed, 0.48, "many_at_once") for seed in range(2)]
    single, other = [trained((2, 1), 20, 0.5)], [trained((0, 1), 77, 0.9)]
    first, second = curse_rows("toy", "map", winners(), [*alone, *at_once, *single, *other])
    assert (first["seeds"], first["trained"], first["difference"]) == (5, pytest.approx(0.52), pytest.approx(0.08))
    # Student's quantile for four degrees of freedom, 2.776, times .0158 / sqrt(5)
    assert first["high"] - first["trained"] == pytest.approx(2.776 * 0.015811 / np.sqrt(5), rel=1e-3)
    assert (second["seeds"], second["predicted"]) == (2, 0.58)


def test_the_pages_say_whether_winners_are_off_and_how_the_recipes_agree(tmp_path):
    trials = [trained((0, 1), seed, 0.50 + 0.01 * seed) for seed in range(5)]
    pd.DataFrame(curse_rows("toy", "map", winners(), trials)).to_csv(tmp_path / "optimisers_curse.csv", index=False)
    choices = [
        {"task": task, "networks": 4, "predicted": 0.5 + off, "trained": 0.5, "seed_std": 0.01, "predicted_std": 0.02}
        | {"difference": off, "difference_low": off - 0.01, "difference_high": off + 0.01}
        for task, off in (("toy", 0.02), ("other", 0.005))
    ]
    pd.DataFrame(choices).to_csv(tmp_path / "article_choices.csv", index=False)
    assert "| toy | 1 | 1 | 0.600 | 0.520 | +0.080 | 0.016 | yes |" in page(tmp_path)
    assert "| toy | 4 | 0.520 | 0.500 | 0.020 (0.010 to 0.030) | 0.010 | 0.020 |" in page(tmp_path)
    assert "asking for another round: toy." in page(tmp_path)


def test_the_articles_choices_are_predicted_and_trained_networks_of_a_space_but_the_baseline():
    models = load_models("segmentation", SHIPPED)
    cells = article_cells(SHIPPED, models.table.task)
    row = row_of("segmentation", models, cells)
    assert row is not None
    off = []
    for cell in cells:
        network = models.of_space(models.table.layout, cell.genotypes[0]) if cell.space else models.baseline
        known = models.quality_of(network)
        if network.blocks != models.baseline.blocks and ("trained", "search") in known:
            off.append(known["predicted", "search"].quality - known["trained", "search"].quality)
    assert row["networks"] == len(off)
    assert row["difference"] == pytest.approx(np.mean(off), abs=1e-6)
    assert row["difference"] == pytest.approx(row["predicted"] - row["trained"])
    assert row["difference_low"] < row["difference"] < row["difference_high"]
    assert row_of("segmentation", models, cells[:1]) is None


def test_where_no_winner_is_trained_the_command_that_trains_a_task_s_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "part_rows", lambda *given: winners())
    monkeypatch.setattr(module, "finished_trials", lambda *given: ())
    command = "`accelnas table build --task classification --part curse --new-only --count 10000`"
    with pytest.raises(BenchmarkInputError, match=f"{command} trains those of classification, and likewise detection$"):
        module.run(module.Settings(task=("classification", "detection")), tmp_path, tmp_path)
