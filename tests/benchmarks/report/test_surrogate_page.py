"""The surrogates' page says which trainings of the tables they have not seen."""

import shutil
from pathlib import Path

import pandas as pd

from benchmarks.report.pages.surrogate import page
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.trained import finished_trials, without_confirming

RESULTS = Path(__file__).parents[3] / "results"


def test_trainings_that_a_surrogate_was_not_fitted_to_are_said(tmp_path):
    for name in ("surrogate/surrogate.csv", "tables/segmentation.parquet"):
        (tmp_path / name).parent.mkdir()
        shutil.copy(RESULTS / name, tmp_path / name)
    every = finished_trials(tmp_path, "segmentation", SEARCH["segmentation"])
    now = len(without_confirming(every))
    assert now < len(every)
    file = tmp_path / "surrogate/surrogate.csv"
    table = pd.read_csv(file)
    table.assign(trainings=now - 1).to_csv(file, index=False)
    said = "these surrogates are fitted to"
    assert f"{said} {now - 1:,} trainings of {now:,} on segmentation." in " ".join(page(file.parent).split())
    table.assign(trainings=now).to_csv(file, index=False)
    assert said not in page(file.parent)
