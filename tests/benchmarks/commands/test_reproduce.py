"""The main job end to end, on the smoke profile, through the command line as a user runs it."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import time

import pandas as pd
import pytest

from tests.cli import COMMAND, accelnas, accelnas_process

# the first test waits for a whole run that is killed and begun again
pytestmark = pytest.mark.timeout(900)
COLUMNS = [
    *("model", "article_reduction_pct", "accelerator", "latency_ms", "latency_reduction_pct", "map50", "map"),
    *("map_low", "map_high", "seeds", "macs", "param_bytes", "peak_activation_bytes"),
]


def trials_in(home):
    if not (home / "store.sqlite").exists():
        return {}
    path = f"file:{home / 'store.sqlite'}?mode=ro"
    with contextlib.closing(sqlite3.connect(path, uri=True, timeout=20)) as connection:
        try:
            return dict(connection.execute("SELECT digest, created FROM trials"))
        except sqlite3.OperationalError:  # just being made
            return {}


@pytest.fixture(scope="module")
def smoke(tmp_path_factory, photographs_file):
    """Home and results of a smoke run that was killed after its first trainings and then run again."""
    folder = tmp_path_factory.mktemp("smoke")
    home, results = folder / "home", folder / "results"
    arguments = [
        "reproduce",
        "detection",
        "--profile",
        "smoke",
        "--home",
        str(home),
        "--results",
        str(results),
    ]
    with open(folder / "killed.txt", "w") as output:
        process = subprocess.Popen([COMMAND, *arguments], stdout=output, stderr=output)
        deadline = time.monotonic() + 500
        while len(trials_in(home)) < 2 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = trials_in(home)
    code, printed, errors = accelnas_process(*arguments)
    assert code == 0, errors
    return home, results / "detection" / "detection-profile=smoke", before, printed, arguments


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_kill_and_run_again_repeats_no_finished_trial(smoke):
    home, _, before, _, _ = smoke
    after = trials_in(home)
    assert len(before) >= 2
    assert before.items() <= after.items()
    assert len(after) > len(before)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_writes_the_table_with_the_columns_that_others_read(smoke):
    _, results, _, printed, _ = smoke
    table = pd.read_csv(results / "detection.csv")
    assert list(table.columns[: len(COLUMNS)]) == COLUMNS
    assert table["model"].tolist() == ["Baseline", "V1", "V2", "V3"]
    assert table["article_reduction_pct"].tolist()[1:] == [14, 35, 53]
    assert (table["seeds"] == 2).all()
    assert table["latency_reduction_pct"][0] == 0
    assert (table["latency_reduction_pct"] >= 0).all()
    assert (results / "detection.md").read_text().strip() in printed
    for name in ("detection.png", "scenes.png"):
        assert (results / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_second_run_trains_nothing_and_writes_the_same(smoke):
    home, results, _, _, arguments = smoke
    before, table = trials_in(home), (results / "detection.csv").read_bytes()
    code, _, errors = accelnas(*arguments)
    assert code == 0, errors
    assert trials_in(home) == before
    assert (results / "detection.csv").read_bytes() == table


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["reproduce", "--profile", "huge"], ["'huge'", "smoke, quick, full"]),
        (["reproduce", "poetry"], ["'poetry'", "detection, head_to_head, curation"]),
        (["reproduce", "detection", "--set", "strategy=luck"], ["'luck'", "random, auto, local_search"]),
        (["reproduce", "detection", "--set", "classes=3"], ["3", "1, 10"]),
        (["reproduce", "detection", "--set", "classes=few"], ["'few'", "a whole number"]),
        (["reproduce", "spaces", "fidelity", "--set", "low=huge"], ["'low'", "accelerators"]),
        (["reproduce", "spaces", "--profile", "smoke"], ["spaces", "'profile'", "accelerators"]),
        (["reproduce", "spaces", "--set", "accelerators"], ["'accelerators'", "NAME=VALUE"]),
        (["prepare", "--data", "huge"], ["'huge'", "quick"]),
        (["measure"], ["no --accelerator", "ethos-u55-256", "this-device"]),
        (["cost", "mobilenet_v2_050", "--accelerator", "ethos-u99"], ["'ethos-u99'", "ethos-u55-256"]),
    ],
)
def test_bad_input_is_one_line_that_says_what_is_allowed(arguments, names, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, printed, errors = accelnas(*arguments)
    assert code == 2
    assert printed == ""
    assert len(errors.strip().splitlines()) == 1
    assert all(name in errors for name in names)
    assert os.listdir(tmp_path) == []


@pytest.fixture
def home(smoke, tmp_path):
    """A home with the data and nothing else."""
    shutil.copytree(smoke[0] / "data", tmp_path / "data")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("name", ["store.sqlite", "measurements.sqlite"])
def test_a_corrupted_store_is_named_and_left_alone(name, home):
    (home / name).write_bytes(b"this is no database" * 100)
    code, _, errors = accelnas("reproduce", "--profile", "smoke", "--home", home, "--results", home / "results")
    assert code == 2
    assert len(errors.strip().splitlines()) == 1
    assert name in errors
    assert (home / name).read_bytes() == b"this is no database" * 100


@pytest.mark.slow
def test_a_truncated_data_file_is_named(home):
    record = next((home / "data").rglob("*train*array_record*"))
    record.write_bytes(record.read_bytes()[: record.stat().st_size // 2])
    code, _, errors = accelnas("reproduce", "--profile", "smoke", "--home", home, "--results", home / "results")
    assert code == 2
    assert len(errors.strip().splitlines()) == 1
    assert record.name in errors
