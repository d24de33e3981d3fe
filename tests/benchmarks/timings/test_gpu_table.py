"""The script of a machine with an accelerator, here on the CPU: from cells to rows of the tables."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.tables.design import Cell
from benchmarks.tables.files import table_trials
from benchmarks.tables.jobs import job_of, write_jobs
from benchmarks.tables.parts import Wanted
from hw_model.blocks import Block
from tasks.data.fashion_mnist import find_folder
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tests.cli import accelnas

ROOT = Path(__file__).parents[3]


def tiny(channels):
    return (
        Block("conv", 64, 64, 3, channels, stride=2),
        Block("global_pool", 32, 32, channels, channels),
        Block("conv", 1, 1, channels, 10, kernel=1, activation=False),
    )


@pytest.mark.slow
def test_the_script_composes_data_trains_a_cell_and_the_tables_take_its_rows(tmp_path, photographs_file):
    task, chains, data = make_task("classification"), (tiny(4), tiny(8)), tmp_path / "data"
    recipe = Fidelity("tiny", 12, 16, "validation", 6, batch_size=4)
    cell = Cell("classification-two", "", np.zeros((2, 0), np.int32), chains, (7, 8))
    write_jobs([job_of(Wanted(cell, recipe), task)], tmp_path / "jobs.json")
    data.mkdir()
    (data / "photographs.npz").symlink_to(photographs_file)
    for file in find_folder(tmp_path, download=False).glob("*.gz"):
        (data / file.name).symlink_to(file)
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",  # the script's python3
        "JAX_PLATFORMS": "cpu",
        **{"JOBS": f"{tmp_path}/jobs.json", "DATA": str(data), "OUT": f"{tmp_path}/out", "WORKERS": "1"},
    }
    script = ["bash", "benchmarks/timings/gpu_table.sh"]
    done = subprocess.run(script, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 networks trained, 2 asked for" in done.stdout
    code, said, errors = accelnas(
        "table", "take", tmp_path / "jobs.json", tmp_path / "out" / "rows.jsonl", "--results", tmp_path / "results"
    )
    assert (code, errors) == (0, "")
    assert "2 trainings in" in said
    trials = list(table_trials(tmp_path / "results", "classification"))
    assert [(trial.key.seed, trial.key.code_path, trial.state) for trial in trials] == [
        (7, "many_at_once", "done"),
        (8, "many_at_once", "done"),
    ]
    assert len({trial.key.architecture for trial in trials}) == 2
    assert all(0 <= trial.quality["accuracy"] <= 1 for trial in trials)
    assert pd.read_csv(tmp_path / "results" / "tables" / "gpu.csv")["n"].tolist() == [2]
