"""`accelnas search` end to end on the smoke profile, as a user runs it, and what becomes of its networks."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.packages import install_without_network, wheel_of

ACCELNAS = str(Path(sys.executable).parent / "accelnas")
EXAMPLE = Path(__file__).parents[3] / "examples" / "climber.py"
MINE = """
import jax
from nas_algos.strategy import Strategy


def strategy(cardinalities):
    def ask(state, key):
        return jax.random.randint(key, (1, len(cardinalities)), 0, jax.numpy.array(cardinalities))

    return Strategy("mine", tuple(cardinalities), lambda key: 0.0, ask, lambda state, genotypes, scores: state)
"""

TINY = """
from tasks.spaces.layer import Decision, Layer
from tasks.spaces.space import SearchSpace

decisions = (Decision("width", (8, 16)), Decision("body", ("ibn_3", "conv")))
layers = (Layer("conv", 8, stride=3), Layer("body", "width", stride=3), Layer("conv", 10, kernel=1, activation=False))
SPACE = SearchSpace("tiny", decisions, layers, input_side=28, input_channels=1)
"""


def run(*arguments, **environment):
    command = [ACCELNAS, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=os.environ | environment)
    return done.returncode, done.stdout, done.stderr


def search(folder, *more, **environment):
    where = ["--home", folder / "home", "--results", folder / "results"]
    what = ["--task", "classification", "--accelerator", "npu-p16", "--profile", "smoke", "--final-seeds", 2]
    # networks of three layers compile in a third of the time
    space = ["--space", folder / "tiny.py", "--latency-ms", 10]
    return run("search", *what, *space, *where, *more, **environment)


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    (folder / "mine.py").write_text(MINE)
    (folder / "tiny.py").write_text(TINY)
    more = ("--algorithm", folder / "mine.py", "--budget", 2, "--seeds", 2)
    code, printed, errors = search(folder, *more)
    assert code == 0, errors
    return folder, more, printed


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_algorithm_in_a_file_is_searched_with_and_its_winners_are_judged_anew(searched):
    folder, _, printed = searched
    results = folder / "results" / "classification-tiny-mine-npu-p16"
    table = pd.read_csv(results / "table.csv")
    assert table["network"].tolist() == ["baseline", "most macs", "most param_bytes", "seed 0", "seed 1"]
    assert table["trainings"].tolist() == [0, 0, 0, 2, 2]
    assert table["macs"][1:].idxmax() == 1
    assert (table["seeds"] == 2).all()
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
    folder, more, _ = searched
    results = folder / "results" / "classification-tiny-mine-npu-p16"
    before = {path.name: path.read_bytes() for path in results.iterdir()}
    code, printed, errors = search(folder, *more)
    assert code == 0, errors
    assert printed.count("known already") == 4 + 10
    assert before == {path.name: path.read_bytes() for path in results.iterdir()}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_found_network_can_be_costed_and_trained(searched):
    folder, _, _ = searched
    network = folder / "results" / "classification-tiny-mine-npu-p16" / "seed_0.json"
    code, printed, errors = run("cost", network, "--accelerator", "npu-p16", "--json")
    assert code == 0, errors
    assert json.loads(printed)["results"][0]["latency_ms"] <= 10
    where = ("--home", folder / "home")
    code, printed, errors = run("train", network, "--task", "classification", "--profile", "smoke", *where)
    assert code == 0, errors
    assert "known already" in printed
    assert "accuracy" in printed
    code, _, errors = run("train", network, "--task", "detection", "--profile", "smoke", *where)
    assert code == 2
    assert "takes images of channels 1; allowed for detection: 3" in errors


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_installed_package_is_listed_and_searched_with_by_name(searched, tmp_path):
    install_without_network(wheel_of(tmp_path, EXAMPLE.read_text()), tmp_path / "site")
    path = f"{tmp_path / 'site'}:{EXAMPLE.parents[2]}"
    code, printed, errors = run("list", PYTHONPATH=path)
    assert code == 0, errors
    assert "climber: Hill climbing" in printed
    folder, _, _ = searched
    code, _, errors = search(folder, "--algorithm", "climber", "--budget", 1, "--seeds", 1, PYTHONPATH=path)
    assert code == 0, errors
    table = pd.read_csv(folder / "results" / "classification-tiny-climber-npu-p16" / "table.csv")
    assert table["algorithm"].tolist() == ["-", "-", "-", "climber"]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("algorithm", ["gumbel", "tunas", "sandwich"])
def test_a_supernet_is_searched_with_once_at_the_spend_of_so_many_trainings(algorithm, searched):
    folder, _, _ = searched  # its home has the data and the baseline's trainings
    more = ("--algorithm", algorithm, "--budget", 4, "--seeds", 1)
    supernet = []
    path = folder / "results" / f"classification-tiny-{algorithm}-npu-p16" / "table.csv"
    for _ in range(2):
        code, printed, errors = search(folder, *more)
        assert code == 0, errors
        # with the seconds that its training took
        supernet += re.findall(rf"{algorithm} seed 0, 1024 example passes: accuracy .*", printed)
        supernet.append(path.read_bytes())
    assert supernet[:2] == supernet[2:]
    assert "known already" in printed
    table = pd.read_csv(path)
    found = table[table["algorithm"] == algorithm]
    assert found["quality"].between(0, 1).all()
    # one supernet, at no more than the examples of four trainings
    assert found["trainings"].tolist() == [1]
    assert 0 < found["example_passes"].item() <= 4 * 200


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--task", "speech"), "unknown task 'speech'; allowed: classification"),
        (("--space", "V4"), "unknown space 'V4' for detection; allowed: curated"),
        (("--algorithm", "magic"), "unknown strategy 'magic'; allowed: random"),
        (("--accelerator", "tpu"), "unknown accelerator 'tpu'; allowed: ethos-u55-32"),
        (("--budget", "0"), "budget is 0; allowed: 1 and more"),
        (("--latency-ms", "-1"), "bound on latency_ms is -1.0; allowed: finite numbers above 0"),
        (("--profile", "huge"), "unknown profile 'huge'; allowed: smoke"),
    ],
)
def test_bad_input_is_one_line_and_loses_nothing(tmp_path, arguments, line):
    code, printed, errors = run("search", *arguments, "--home", tmp_path / "home", "--results", tmp_path / "results")
    assert code == 2
    assert errors.startswith("accelnas: ")
    assert line in errors
    assert len(errors.strip().splitlines()) == 1
    assert not printed
    assert not (tmp_path / "results").exists()


def test_list_names_everything(capsys):
    code, printed, errors = run("list")
    assert code == 0, errors
    for name in ("segmentation", "auto-curated", "regularised_evolution", "ethos-u65-512", "photo_objects", "careful"):
        assert name in printed
