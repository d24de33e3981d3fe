"""What `accelnas search` is told of spaces, devices and algorithms, and what it refuses before it begins."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.fidelities import PROFILES
from benchmarks.problem import baseline_blocks
from benchmarks.search.options import parse_algorithm
from benchmarks.search.run import folder_name, make_spec
from benchmarks.search.searches import trained_search
from hw_model.boards import BOARDS
from hw_model.cost_models import accelerator_names
from hw_model.errors import HardwareInputError
from hw_model.tables.block_file import save_blocks
from nas_algos.errors import AlgorithmInputError
from nas_algos.policies import POLICIES, Policy
from nas_algos.registry import algorithms
from nas_algos.single_shot.registry import SINGLE_SHOT
from nas_algos.zero_shot.scores import SCORES
from tasks.data.datasets import DATASETS
from tasks.registry import TASKS, make_task
from tasks.spaces.registry import SPACE_KINDS, load_space
from tests.benchmarks import tiny_space
from tests.cli import accelnas, refused

ARGUMENTS = (make_task("classification"), "curated", "npu-p16", {}, "smoke")


NAME = "classification-fashion_items-10-tiny"


def test_settings_are_part_of_the_key_and_of_the_name_of_the_folder():
    spec = make_spec(*ARGUMENTS, 5, "regularised_evolution", "trained", "plain", ["population=4"])
    other = make_spec(*ARGUMENTS, 5, "regularised_evolution", "trained", "plain", ["population=5"])
    assert spec.strategy_settings == {"population": "4"}
    names = {folder_name(each, each.key() | {"seeds": 1}) for each in (spec, spec, other)}
    assert len(names) == 2
    assert all(name.startswith("classification-curated-regularised_evolution-trained-npu-p16-") for name in names)


def test_settings_fit_as_many_networks_as_the_policy_asks_the_strategy_for():
    arguments = (*ARGUMENTS, 20, "regularised_evolution", "trained")
    spec = make_spec(*arguments, "successive_halving", ["batch=6"])
    # a population of 6 for sixty short trainings, of 5 for twenty full ones
    assert trained_search(None, spec, spec.costs, "a search").strategy.batch == 6
    with pytest.raises(AlgorithmInputError, match="batch is 6; allowed: at most population 5"):
        make_spec(*arguments, "plain", ["batch=6"])


def test_a_device_of_ones_own_is_a_file_of_blocks_that_were_timed(tmp_path):
    space, path = load_space(Path(tiny_space.__file__)), tmp_path / "mine.csv"
    networks = [space.decode((width, body)) for width in range(2) for body in range(2)]
    blocks = dict.fromkeys(block for network in networks[:3] for block in network)
    task = make_task("classification", "fashion_items")
    arguments = (task, tiny_space.__file__, str(path), {"latency_ms": 9.0}, "smoke", 5, None, "trained", "plain", [])
    save_blocks(path, dict.fromkeys(blocks, 2.0))
    with pytest.raises(HardwareInputError, match="lacks 11 of 11 blocks, first conv"):  # those of the baseline
        make_spec(*arguments)
    save_blocks(path, dict.fromkeys([*blocks, *baseline_blocks(task)], 2.0))
    spec = make_spec(*arguments)
    found = spec.costs(np.array([(0, 0), (0, 1), (1, 0), (1, 1)], np.int32))["latency_ms"]
    assert found.tolist() == [8.0, 8.0, 8.0, np.inf]
    assert folder_name(spec, spec.key()).startswith(f"{NAME}-auto-trained-mine-")


WRONG_ALGORITHMS = [
    ("magic", "trained", "plain", [], "unknown strategy 'magic'; allowed: random"),
    (None, "supernet:magic", "plain", [], "unknown single-shot algorithm 'magic'; allowed: gumbel, tunas"),
    (None, "zero_shot:trainability", "plain", [], "unknown zero-shot score 'trainability' of one network; allowed"),
    (None, "trained", "magic", [], "unknown policy 'magic'; allowed: plain, successive_halving, hyperband"),
    (None, "supernet:tunas", "hyperband", [], "allowed: trained, or policy plain"),
    ("nsga2", "trained", "hyperband", [], "nsga2 takes 2 objectives; allowed with hyperband: 1"),
    ("nsga2", "supernet:tunas", "plain", [], "objectives is 1; allowed: 2 to 8"),
    ("genetic", "trained", "plain", ["population"], "--set 'population'; allowed: NAME=VALUE"),
    ("genetic", "trained", "plain", ["population=many"], "population is 'many'; allowed: a whole number"),
    ("genetic", "trained", "plain", ["population=9", "strategy.population=8"], "--set population is given twice"),
    ("genetic", "trained", "plain", ["population=0"], "population is 0; allowed: 1 to 65536"),
    (None, "supernet:tunas", "plain", ["population=5"], "--set 'population=5'; allowed: NAME=VALUE, of the evaluator"),
    (
        *("ppo", "supernet:gumbel", "plain", ["learning_rate=1"]),
        "--set 'learning_rate' is a setting of several; allowed: strategy.learning_rate, evaluator.learning_rate",
    ),
]


@pytest.mark.parametrize(("strategy", "evaluator", "policy", "settings", "line"), WRONG_ALGORITHMS)
def test_an_algorithm_that_there_is_not_is_one_line(strategy, evaluator, policy, settings, line):
    with pytest.raises((BenchmarkInputError, AlgorithmInputError), match=re.escape(line)) as raised:
        parse_algorithm(strategy, evaluator, policy, settings, (3, 4), 20)
    assert len(str(raised.value)) <= 300
    assert "\n" not in str(raised.value)


def test_a_budget_that_pays_for_no_network_at_all_rungs_is_refused_before_data_is_made():
    with pytest.raises(AlgorithmInputError, match="a budget of 1 does not pay for one network at all 3 rungs"):
        parse_algorithm("random", "trained", "hyperband", [], (3, 4), 1)


def test_settings_go_to_whom_they_are_of():
    given = ["evaluator.learning_rate=.1", "clip=.3"]
    chosen = parse_algorithm("ppo", "supernet:gumbel", "plain", given, (3, 4), 20)
    assert chosen["strategy_settings"] == {"clip": ".3"}
    assert chosen["evaluator_settings"] == {"learning_rate": ".1"}
    chosen = parse_algorithm("genetic", "trained", "hyperband", ["keep=4", "population=9"], (3, 4), 20)
    assert chosen["policy"] == Policy(rungs=3, hyperband=True, keep=4)
    assert chosen["strategy_settings"] == {"population": "9"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--task", "speech"), "unknown task 'speech'; allowed: classification"),
        (("--space", "V4"), "unknown space 'V4' for detection; allowed: curated"),
        (("--strategy", "magic"), "unknown strategy 'magic'; allowed: random"),
        (("--evaluator", "magic"), "unknown evaluator 'magic'; allowed: trained, supernet:ALGORITHM, zero_shot:SCORE"),
        (("--set", "colour=red"), "--set 'colour=red'; allowed: NAME=VALUE, of the strategy: trainings, objectives"),
        (("--accelerator", "tpu"), "unknown accelerator 'tpu'; allowed: ethos-u55-32"),
        (("--budget", "0"), "budget is 0; allowed: 1 to 1000000"),
        (("--latency-ms", "-1"), "bound on latency_ms is -1.0; allowed: finite numbers above 0"),
        (("--profile", "huge"), "unknown profile 'huge'; allowed: smoke"),
    ],
)
def test_bad_input_is_one_line_and_loses_nothing(tmp_path, arguments, line):
    where = ("--home", tmp_path / "home", "--results", tmp_path / "results")
    assert line in refused("search", *arguments, *where)
    assert not (tmp_path / "results").exists()


def test_a_search_that_no_cluster_does_says_what_a_cluster_does(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELNAS_EXECUTOR", "ray")
    monkeypatch.setattr("benchmarks.commands.search.choose_executor", lambda *given: None)
    monkeypatch.setattr("benchmarks.search.run.run_search", lambda *given: None)
    where = ("--space", "V1", "--accelerator", "npu-p16", "--home", tmp_path, "--results", tmp_path)
    told = "zero_shot:zen searches on this machine; the cluster trains winners alone\n"
    assert accelnas("search", "--evaluator", "zero_shot:zen", *where) == (0, "", told)
    assert accelnas("search", *where) == (0, "", "")


def test_list_names_everything():
    code, printed, errors = accelnas("list")
    assert code == 0, errors
    words = {*re.split(r"[\s,;|│]+", printed)}
    evaluators = {f"supernet:{name}:" for name in SINGLE_SHOT} | {f"zero_shot:{name}" for name in SCORES}
    # which takes a pool that no contest has
    assert evaluators - words == {"zero_shot:trainability"}
    assert {f"{each.name}:" for each in algorithms()} <= words
    assert {*TASKS, *SPACE_KINDS, *POLICIES, *BOARDS, *DATASETS, *PROFILES, *accelerator_names()} <= words
    assert "trained: each" in printed
    assert "settings: population" in printed
