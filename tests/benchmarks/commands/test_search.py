"""`accelnas search` end to end on the smoke profile, as a user runs it, and what becomes of its networks."""

import json
import random
import re
import shutil
import time
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from PIL import Image

from benchmarks.experiments.disturbance.run import Tally, kept_trials, new_search, search_and_kill
from benchmarks.experiments.disturbance.run import contents as written_by
from tests.benchmarks import tiny_space
from tests.cli import accelnas
from tests.packages import install_without_network, wheel_of

EXAMPLE = Path(__file__).parents[3] / "examples" / "climber.py"


MINE = """
import jax
from nas_algos.strategy import Strategy


def strategy(cardinalities):
    def ask(state, key):
        return jax.random.randint(key, (1, len(cardinalities)), 0, jax.numpy.array(cardinalities))

    return Strategy("mine", tuple(cardinalities), lambda key: 0.0, ask, lambda state, genotypes, scores: state)
"""


TRAINED_AS = ("--task", "classification", "--dataset", "fashion_items", "--profile", "smoke")


WHAT = (
    *(*TRAINED_AS, "--final-seeds", 1, "--accelerator", "npu-p16"),
    *("--space", tiny_space.__file__, "--latency-ms", 10),
)


NAME = "classification-fashion_items-10-tiny"


def search(folder, *more):
    return accelnas("search", *WHAT, "--home", folder / "home", "--results", folder / "results", *more)


def written(folder, name):
    """The folder of results of that name, whatever the digits of its settings."""
    (found,) = (folder / "results").glob(f"{name}-????????")
    return found


def contents(folder):
    """Of all files below it, by their paths."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Searched(NamedTuple):
    """A search that others are compared with; later ones add to its folder."""

    folder: Path
    more: tuple[object, ...]
    printed: str
    written: dict[str, bytes]
    trials: int
    seconds: float


@pytest.fixture(scope="module")
def searched(tmp_path_factory, photographs_file):
    folder = tmp_path_factory.mktemp("search")
    (folder / "mine.py").write_text(MINE)
    more = ("--strategy", folder / "mine.py", "--budget", 2, "--seeds", 2)
    started = time.monotonic()
    code, printed, errors = search(folder, *more)
    assert code == 0, errors
    seconds, trials = time.monotonic() - started, len(kept_trials(folder / "home"))
    return Searched(folder, more, printed, written_by(folder), trials, seconds)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_five_times_it_loses_and_repeats_nothing_and_writes_what_it_writes_undisturbed(searched, tmp_path):
    rng, tally, span = random.Random(0), Tally(), searched.seconds / 4
    targets, searches = ["workers", "parent", "workers", "group", "workers"], 0
    while tally.kills < len(targets):  # once, but where a search is done before all kills are
        where, searches = new_search(tmp_path / str(searches), searched.folder / "home"), searches + 1
        arguments = [*map(str, WHAT), *map(str, searched.more)]
        search_and_kill(where, arguments, targets[tally.kills :], span, rng, tally)
        name = written(where, f"{NAME}-mine-trained-npu-p16").name
        assert written_by(where) == {each: what for each, what in searched.written.items() if each.startswith(name)}
    assert (tally.kills, tally.lost, tally.repeated) == (5, 0, 0)
    assert tally.trials == searches * searched.trials


def test_a_trial_that_is_gone_or_made_again_is_counted():
    tally = Tally()
    line = "[1/2] random 0 (0, 1): accuracy 0.047, nll 2.364 (5 s)"
    tally.see({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}, line)
    assert (tally.lost, tally.repeated) == (1, 1)
    tally.see({}, {}, f"{line}\n{line.replace('5 s', 'known already')}\n{line}\n")
    assert (tally.lost, tally.repeated) == (1, 2)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_corrupted_store_is_named_and_left_alone(searched, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(searched.folder / "home" / "data", home / "data")
    (home / "store.sqlite").write_bytes(b"this is no database" * 100)
    code, _, errors = search(tmp_path, *searched.more)
    assert code == 2
    assert len(errors.strip().splitlines()) == 1
    assert "store.sqlite" in errors
    assert (home / "store.sqlite").read_bytes() == b"this is no database" * 100


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_truncated_data_file_is_named(searched, tmp_path):
    shutil.copytree(searched.folder / "home" / "data", tmp_path / "home" / "data")
    record = next((tmp_path / "home" / "data").rglob("*train*array_record*"))
    record.write_bytes(record.read_bytes()[: record.stat().st_size // 2])
    code, _, errors = search(tmp_path, *searched.more)
    assert code == 2
    assert len(errors.strip().splitlines()) == 1
    assert record.name in errors


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_algorithm_in_a_file_is_searched_with_and_its_winners_are_evaluated_again(searched):
    folder, printed = searched.folder, searched.printed
    results = written(folder, f"{NAME}-mine-trained-npu-p16")
    table = pd.read_csv(results / "table.csv")
    assert table["network"].tolist() == ["baseline", "most macs", "most param_bytes", "seed 0", "seed 1"]
    assert table["trainings"].tolist() == [0, 0, 0, 2, 2]
    assert table["macs"][1:].idxmax() == 1
    assert (table["seeds"] == 1).all()
    assert table["quality"].between(0, 1).all()
    assert (table["latency_ms"][1:] <= 10).all()
    assert table["training_flops"][3] > 0
    assert str(results) in printed
    candidates = pd.read_csv(results / "candidates.csv")
    trained = candidates[candidates["trained"]]
    assert len(trained) == 4
    assert table["seen_by_search"][3:].tolist() == trained.groupby("seed")["quality"].max().tolist()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_run_again_it_trains_nothing_and_writes_the_same(searched):
    folder, more = searched.folder, searched.more
    results = written(folder, f"{NAME}-mine-trained-npu-p16")
    before = contents(results)
    assert {"seed_0/metrics.json", "seed_0/network.json", "seed_1/predictions.png"} <= before.keys()
    code, printed, errors = search(folder, *more)
    assert code == 0, errors
    assert printed.count("known already") == 4 + 5
    assert before == contents(results)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_found_network_can_be_costed_and_trained(searched):
    folder = searched.folder
    network = written(folder, f"{NAME}-mine-trained-npu-p16") / "seed_0.json"
    code, printed, errors = accelnas("cost", network, "--accelerator", "npu-p16", "--json")
    assert code == 0, errors
    assert json.loads(printed)["results"][0]["latency_ms"] <= 10
    where = ("--home", folder / "home")
    code, printed, errors = accelnas("train", network, *TRAINED_AS, *where)
    assert code == 0, errors
    assert "known already" in printed
    assert "accuracy" in printed
    code, _, errors = accelnas("train", network, "--task", "detection", "--profile", "smoke", *where)
    assert code == 2
    assert "takes images of channels 1; allowed for detection: 3" in errors


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_winner_is_exported_and_draws_what_it_sees(searched, tmp_path):
    folder = searched.folder
    where = ("--home", folder / "home")
    winner = written(folder, f"{NAME}-mine-trained-npu-p16") / "seed_0"
    what = (*TRAINED_AS, "--save", tmp_path / "saved")
    code, printed, errors = accelnas("train", winner / "network.json", *what, *where)
    assert code == 0, errors
    assert "known already" in printed  # with its weights
    assert contents(tmp_path / "saved") == contents(winner)
    code, printed, errors = accelnas("export", winner, *where, "--accelerator", "ethos-u65-512")
    assert code == 0, errors
    assert "ethos-u65-512" in printed
    told = json.loads((winner / "export.json").read_text())
    quality = told["quality"]
    # the float file sees what the trained network saw
    assert quality["float"] == pytest.approx(quality["trained"], rel=1e-4)
    assert abs(quality["int8"]["accuracy"] - quality["float"]["accuracy"]) <= 8 / 64
    assert told["largest_difference_of_float_file_and_jax"] < 1e-4
    assert told["bytes"]["int8"] == (winner / "int8.tflite").stat().st_size
    assert [each["on_cpu"] for each in told["compiled"]] == [0]
    code, cost, errors = accelnas(
        "cost", winner / "int8.tflite", "--accelerator", "ethos-u65-512", "--compile", "--json"
    )
    assert code == 0, errors
    assert json.loads(cost)["results"][0]["latency_ms"] == told["compiled"][0]["exported_ms"]
    Image.new("CMYK", (90, 60)).save(tmp_path / "photo.jpg")
    for model in ("weights", "float", "int8"):
        code, printed, errors = accelnas("predict", winner, tmp_path / "photo.jpg", "--model", model)
        assert code == 0, errors
        with Image.open(winner / f"photo-{model}.png") as drawn:
            assert drawn.size == (270, 180)
    # the same words on the same image
    assert (winner / "photo-float.png").read_bytes() == (winner / "photo-weights.png").read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_installed_package_is_listed_and_searched_with_by_name(searched, tmp_path, monkeypatch, without_workers):
    install_without_network(wheel_of(tmp_path, EXAMPLE.read_text()), tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    code, printed, errors = accelnas("list")
    assert code == 0, errors
    assert "climber: Hill climbing" in printed
    folder = searched.folder
    more = ("--strategy", "climber", "--budget", 1, "--seeds", 1)
    code, _, errors = search(folder, *more)
    assert code == 0, errors
    table = pd.read_csv(written(folder, f"{NAME}-climber-trained-npu-p16") / "table.csv")
    assert table["strategy"].tolist() == ["-", "-", "-", "climber"]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("strategy", "evaluator", "settings"),
    [
        (None, "supernet:gumbel", ("warm_up=0.3",)),
        # a strategy of one's own, on weights that another algorithm trained; of the same settings, so compiled once
        ("mine.py", "supernet:gumbel", ("warm_up=0.3",)),
        ("random", "zero_shot:naswot", ("batch=2",)),
    ],
)
def test_any_strategy_searches_on_any_evaluator_once_at_the_spend_of_so_many_trainings(
    strategy, evaluator, settings, searched, without_workers
):
    folder = searched.folder  # its home has the data and the baseline's trainings
    more = ["--evaluator", evaluator, "--budget", 4, "--seeds", 1, *(("--set", *settings) if settings else ())]
    if strategy is not None:
        more += ["--strategy", folder / strategy if strategy.endswith(".py") else strategy]
    own = "own" if strategy is None else Path(strategy).stem
    tables = []
    for _ in range(2):
        code, printed, errors = search(folder, *more)
        assert code == 0, errors
        name = f"{NAME}-{own}-{evaluator.replace(':', '_')}-npu-p16"
        path = written(folder, name) / "table.csv"
        # with the seconds that its training took, so that it was not done again
        tables.append((re.findall("0: .* inherited .*|0: [0-9]+ networks.*", printed), path.read_bytes()))
    assert tables[0] == tables[1]
    assert tables[0][0]
    assert "known already" in printed
    table = pd.read_csv(path)
    found = table[table["evaluator"] == evaluator]
    assert found["quality"].between(0, 1).all()
    # one supernet or none, at no more than the examples of four trainings
    assert found["trainings"].tolist() == [1 if evaluator.startswith("supernet") else 0]
    assert 0 < found["example_passes"].item() <= 4 * 200
    kept = json.loads((path.parent / "settings.json").read_text())
    assert kept["evaluator"] == evaluator
    assert (kept["seeds"], kept["final_seeds"]) == (1, 1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_hyperband_trains_many_networks_briefly_and_few_in_full(searched, without_workers):
    folder = searched.folder
    more = ("--strategy", "random", "--policy", "hyperband", "--budget", 4, "--seeds", 1)
    code, _, errors = search(folder, *more)
    assert code == 0, errors
    results = written(folder, f"{NAME}-random-trained-npu-p16")
    candidates = pd.read_csv(results / "candidates.csv")
    trained = candidates[candidates["trained"]]
    # the space has four networks: all begin with a ninth of a training, one of them ends with a full one
    assert sorted(trained["fidelity"].round(3).unique()) == [0.111, 0.333, 1.0]
    assert len(trained[trained["fidelity"] < 0.2]) == 4
    table = pd.read_csv(results / "table.csv")
    best = trained[trained["fidelity"] == 1.0]["quality"].max()
    assert table[table["network"] == "seed 0"]["seen_by_search"].item() == pytest.approx(best, rel=1e-5)
