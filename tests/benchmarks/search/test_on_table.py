"""Searches in tables of one's own: why they end, which folder they write to, and columns that keep their meaning."""

import json

import jax
import numpy as np
import pandas as pd
import pytest

from benchmarks import cli
from benchmarks.errors import BenchmarkInputError
from benchmarks.search import on_table
from benchmarks.search.on_table import search_table
from benchmarks.tables.own import ABSENT, RESERVED
from benchmarks.tables.own_files import read_table, save_table, with_costs
from nas_algos.ledger import Spend
from nas_algos.tabular import make_table
from nas_algos.trajectory import Found

TEXT = """width,kernel,quality,latency_ms
8,3,0.5,1
8,5,0.8,2
16,3,0.9,4
16,5,0.7,5
"""
SAME = """
import jax.numpy as jnp
from nas_algos.strategy import Strategy

def strategy(cardinalities):
    def ask(state, key):
        return jnp.ones((1, 2), int)

    return Strategy("same", tuple(cardinalities), lambda key: 0, ask, lambda state, *told: state, traceable=False)
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(TEXT)
    return path


@pytest.fixture
def run(path, tmp_path):
    """Call a command on the table; gives its exit code."""

    def call(command, *more):
        budget = () if "--budget" in more else ("--budget", "3")
        where = ("--results", str(tmp_path / "results"))
        return cli.run([command, "--table", str(path), *budget, "--seeds", "2", *where, *more])

    return call


def folders(tmp_path):
    return sorted(tmp_path.glob("results/*"))


def test_a_search_ends_with_the_last_network_within_the_bounds(path):
    (found,) = search_table(read_table(path), {"latency_ms": 2.0}, "random", [], 300, 1)
    assert found.spend.trainings == 2
    assert found.candidates[-1].state == "evaluated"


def test_no_two_strategies_draw_by_the_same_keys_and_one_does_wherever_its_file_lies(tmp_path, run, monkeypatch):
    keys = {}

    def recorded(search):
        keys.setdefault(search.strategy.name, []).append(tuple(jax.random.key_data(search.key).tolist()))
        return Found(None, (), Spend(), "")

    monkeypatch.setattr(on_table, "search", recorded)
    (tmp_path / "again").mkdir()
    files = [tmp_path / "same.py", tmp_path / "again" / "same.py"]
    for file in files:
        file.write_text(SAME)
    assert run("compare", "--contenders", "local_search", *map(str, files)) == 0
    assert len(keys) == 4  # random search is always there
    one, other = (keys.pop(str(file)) for file in files)
    assert one == other
    assert len({key for each in (one, *keys.values()) for key in each}) == 3 * 2


@pytest.mark.parametrize("command", ["search", "compare"])
def test_bounds_that_no_network_of_the_table_is_within_are_bad_input(run, capsys, command):
    assert run(command, "--latency-ms", ".5") == 2
    told = "accelnas: no network of the table is within the bounds; its least: latency_ms 1\n"
    assert capsys.readouterr().err == told


def test_bounds_of_a_table_that_exclude_each_other_are_told_as_such(path, tmp_path, run, capsys):
    device = tmp_path / "device.csv"
    device.write_text("width,kernel,latency_ms,param_bytes\n8,3,1,9\n8,5,2,7\n16,3,4,3\n16,5,5,2\n")
    assert run("search", "--accelerator", str(device), "--latency-ms", "2", "--param-bytes", "3") == 2
    assert capsys.readouterr().err == (
        "accelnas: no network of the table is within the bounds; each alone can be kept, no network keeps all; "
        "the least latency_ms among those within param_bytes <= 3 was 4\n"
    )


def test_the_least_that_is_told_of_a_table_is_of_networks_that_did_not_fail(path, run, capsys):
    path.write_text(TEXT + "24,3,,0.25\n")
    assert run("search", "--latency-ms", ".5") == 2
    assert "its least: latency_ms 1\n" in capsys.readouterr().err


def test_a_table_whose_networks_all_failed_is_told_as_such(path, run, capsys):
    path.write_text("width,kernel,quality,latency_ms\n8,3,,1\n8,5,,2\n")
    for bound in ((), ("--latency-ms", "2")):
        assert run("search", *bound) == 2
        assert "no network of the table is within the bounds; its least: all failed\n" in capsys.readouterr().err


def test_a_search_that_never_proposes_what_the_table_has_says_why_it_ended(path, tmp_path, run, capsys):
    path.write_text(TEXT.replace("16,5,0.7,5\n", ""))
    strategy = tmp_path / "same.py"
    strategy.write_text(SAME)
    assert run("search", "--strategy", str(strategy)) == 1
    assert capsys.readouterr().err.strip() == (
        "accelnas: no search found a network of the table in 3 evaluations; "
        "search 0: 150 proposals are the most that it may make; search 1: 150 proposals are the most that it may make"
    )


def test_a_search_that_ends_early_with_a_network_says_why(tmp_path, run, capsys):
    strategy = tmp_path / "same.py"
    strategy.write_text(SAME)
    assert run("search", "--strategy", str(strategy)) == 0
    assert "ended before the budget was spent: search 0: 150 proposals are the most" in capsys.readouterr().err


@pytest.mark.parametrize(("command", "named"), [("search", "--strategy"), ("compare", "--contenders")])
def test_another_content_of_a_file_of_the_same_name_has_a_folder_of_its_own(path, tmp_path, run, command, named):
    device, strategy = tmp_path / "device.csv", tmp_path / "same.py"
    device.write_text(TEXT.replace("quality", "macs"))
    strategy.write_text(SAME)
    counts = []
    for changed in (None, None, path, device, strategy):
        if changed is not None:
            changed.write_text(changed.read_text() + "\n")  # which means the same
        assert run(command, "--accelerator", str(device), named, str(strategy), "--budget", "1") == 0
        counts.append(len(folders(tmp_path)))
    assert counts == [1, 1, 2, 3, 4]
    for folder in folders(tmp_path):
        told = json.loads((folder / "settings.json").read_text())["settings"]
        assert (told["table"]["file"], told["accelerator"]["file"]) == ("mine.csv", "device.csv")


@pytest.mark.parametrize("name", RESERVED)
def test_a_decision_or_cost_called_as_a_column_of_results_is_refused_in_one_line(path, tmp_path, run, capsys, name):
    line = f"accelnas: a decision or cost of a table is called '{name}'; allowed: all names but seed, step, state, "
    for old in ("width", "latency_ms"):
        path.write_text(TEXT.replace(old, name, 1))
        if name == "quality":  # which is where decisions end
            continue
        assert run("search") == 2
        errors = capsys.readouterr().err
        assert errors.startswith(line)
        assert len(errors.splitlines()) == 1
        assert "did you mean" not in errors
    path.write_text(TEXT)
    device = tmp_path / "device.csv"
    device.write_text(TEXT.replace("quality,latency_ms", f"{name},macs"))
    with pytest.raises(BenchmarkInputError, match=f"is called '{name}'"):
        with_costs(read_table(path), device)
    made = make_table("made", (2, 2), np.ones((1, 4, 2)), (1.0, 1.0))
    with pytest.raises(BenchmarkInputError, match=f"'{name}'; allowed"):
        save_table(made, tmp_path / "made.csv", ["width", name])
    assert not folders(tmp_path)


def test_all_columns_of_results_beside_decisions_and_costs_are_reserved(tmp_path, run):
    assert run("search") == 0
    (folder,) = folders(tmp_path)
    columns = {name for file in ("table", "candidates") for name in pd.read_csv(folder / f"{file}.csv")}
    assert columns - {"width", "kernel", "latency_ms"} == set(RESERVED) - {ABSENT}
