"""Strategies of others, by path and by entry point, as their authors would use them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.load import build_strategy, load_file
from nas_algos.registry import STRATEGIES, algorithms, find_strategy, shadowed_strategies, strategy_names
from tests.packages import install_without_network, unpacked, wheel_of

EXAMPLE = Path(__file__).parents[2] / "examples" / "climber.py"
CLIMBER = EXAMPLE.read_text()

BROKEN = [
    ("mutate(key, state[0], cardinalities)", "state[0][0]", r"ask gave int32\[2\]; the rule is int32\[1, 2\]"),
    ("mutate(key, state[0], cardinalities)", "state[0] + 9", "for decision 0; the rule is 0 to 2"),
    ("mutate(key, state[0], cardinalities)", "state[0] - 9", "for decision 0; the rule is 0 to 2"),
    ("mutate(key, state[0], cardinalities)", "state[0] / 2", "ask gave float32"),
    ("mutate(key, state[0], cardinalities)", "state[7]", "ask raised IndexError"),
    ("better = scores <= state[1]", "return scores", "tell gave another kind of state"),
    ("better = scores <= state[1]", "better = scores if scores[0] < state[1][0] else scores", "tell raised Tracer"),
    ("better = scores <= state[1]", "return state[0], 'best'", r"its state\[1\] is str; the rule is arrays"),
    ("better = scores <= state[1]", "raise OSError('disk')", "tell raised OSError: disk"),
    ("jnp.where(better, scores, state[1])", "scores - scores", r"tell left NaN in its state\[1\]; the rule is none"),
    ("tuple(cardinalities), init", "(2, 2), init", r"its cardinalities are \(2, 2\); the rule is \(3, 4\)"),
    ("return Strategy(", "return (", "the factory gave tuple; the rule is a Strategy"),
]


def changed(old, new):
    assert old in CLIMBER
    return CLIMBER.replace(old, new, 1)


def written(folder, text) -> str:
    path = folder / "mine.py"
    path.write_text(text)
    return str(path)


def test_a_file_given_by_path_is_a_strategy(tmp_path):
    path = written(tmp_path, CLIMBER)
    assert build_strategy(path, (3, 4)).name == path


def test_a_file_may_hold_a_dataclass_whose_annotations_are_postponed(tmp_path):
    settings = "@dataclass\nclass Settings:\n    steps: int = 1\n"
    path = written(
        tmp_path, f"from __future__ import annotations\nfrom dataclasses import dataclass\n{settings}{CLIMBER}"
    )
    assert build_strategy(path, (3, 4)).name == path
    before = set(sys.modules)
    with pytest.raises(AlgorithmInputError, match="raised ValueError"):
        load_file(Path(written(tmp_path, "raise ValueError('no')")))
    assert set(sys.modules) <= before


def test_the_example_has_at_most_twenty_lines_of_code_and_none_is_crowded():
    lines = [line for line in CLIMBER.splitlines() if line.strip()]
    assert len(lines) <= 20
    assert ";" not in CLIMBER.split('"""')[2]
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        *BROKEN,
        ("def strategy", "def tactics", "defines no function strategy"),
        ("import jax.numpy", "import jacks.numpy", "the file raised ModuleNotFoundError"),
    ],
)
def test_a_broken_file_is_named_with_the_rule_it_broke(tmp_path, old, new, rule):
    path = written(tmp_path, changed(old, new))
    with pytest.raises(AlgorithmInputError, match=rule) as error:
        build_strategy(path, (3, 4))
    assert path in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("old", "new", "rule"), BROKEN)
def test_a_broken_package_is_named_with_its_file_and_the_rule_it_broke(tmp_path, monkeypatch, old, new, rule):
    path = unpacked(tmp_path, changed(old, new), monkeypatch)
    with pytest.raises(AlgorithmInputError, match=rule) as error:
        build_strategy("climber", (3, 4))
    assert f"strategy climber ({path})" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_package_that_cannot_be_imported_is_listed_with_the_reason(tmp_path, monkeypatch):
    unpacked(tmp_path, changed("import jax.numpy", "import jacks.numpy"), monkeypatch)
    with pytest.raises(AlgorithmInputError, match="climber:strategy cannot be imported"):
        build_strategy("climber", (3, 4))
    assert "No module named 'jacks'" in {each.name: each.summary for each in algorithms()}["climber"]


def test_one_that_takes_no_settings_may_stand_in_the_registry(monkeypatch):
    monkeypatch.setattr("nas_algos.load.STRATEGIES", {"climber": load_file(EXAMPLE)})
    assert build_strategy("climber", (3, 4), 20, 1).batch == 1
    with pytest.raises(AlgorithmInputError, match="strategy climber has no setting 'batch'; allowed: none"):
        build_strategy("climber", (3, 4), 20, 1, {"batch": "2"})


WITH_SETTINGS = """
from dataclasses import dataclass
import jax.numpy as jnp
from nas_algos.genotypes import sample
from nas_algos.strategy import Strategy

@dataclass(frozen=True)
class MySettings:
    batch: int = 1

def strategy(cardinalities, settings: MySettings = MySettings()):
    def ask(state, key):
        return sample(key, cardinalities, settings.batch)

    return Strategy("mine", tuple(cardinalities), lambda key: 0.0, ask, lambda state, *told: state, settings.batch)
"""


def test_a_file_declares_what_may_be_set_by_the_default_of_its_settings(tmp_path):
    path = written(tmp_path, WITH_SETTINGS)
    assert build_strategy(path, (3, 4)).batch == 1
    assert build_strategy(path, (3, 4), settings={"batch": "3"}).batch == 3


@pytest.mark.parametrize(
    ("text", "entry", "line"),
    [
        (CLIMBER, "climber = climber", "climber is module; allowed: MODULE:FUNCTION"),
        ("strategy = 3", "climber = climber:strategy", "climber:strategy is int; allowed: MODULE:FUNCTION"),
        ("import sys\nsys.exit(3)", "climber = climber:strategy", "cannot be imported (SystemExit: 3)"),
        ("raise OSError('a\\nb' * 200)", "climber = climber:strategy", "cannot be imported (OSError: a ba b"),
    ],
)
def test_a_package_that_ends_python_or_names_no_function_is_one_line_and_the_others_are_listed(
    tmp_path, monkeypatch, text, entry, line
):
    unpacked(tmp_path, text, monkeypatch, entry)
    with pytest.raises(AlgorithmInputError, match=re.escape(line)) as error:
        build_strategy("climber", (3, 4))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300
    assert {each.name: each.summary for each in algorithms()}["climber"] == str(error.value)


def test_a_package_that_takes_a_name_of_ours_is_said_to_be_unused(tmp_path, monkeypatch):
    unpacked(tmp_path, CLIMBER, monkeypatch, "genetic = climber:strategy")
    assert find_strategy("genetic") is STRATEGIES["genetic"]
    assert shadowed_strategies() == {"genetic": "climber:strategy"}


@pytest.mark.parametrize("name", ["no/such/file.py", "annealing"])
def test_what_does_not_exist_is_named(name):
    with pytest.raises(AlgorithmInputError, match=name):
        build_strategy(name, (3, 4))


def test_each_of_ours_is_listed_with_its_paper_and_a_summary():
    ours = [each for each in algorithms() if each.origin == "built-in"]
    assert [each.name for each in ours] == list(STRATEGIES)
    for each in ours:
        assert re.fullmatch(r"arXiv:\d{4}\.\d{4,5}|Deb, .* 2002|.*Goldberg.* 1991|Jones, .* 1998|", each.paper)
        assert 20 < len(each.summary) < 120
        assert Path(each.source).is_file()


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("trainings", [5, 30, 1_000])
def test_a_small_budget_gives_settings_that_see_a_few_generations(name, trainings):
    pytest.importorskip("optuna")
    strategy = build_strategy(name, (3, 4, 5), trainings)
    assert strategy.name == name
    assert strategy.batch <= max(trainings // 4, 4)


def test_objectives_that_a_strategy_does_not_take_are_named(tmp_path):
    assert build_strategy("nsga2", (3, 4), objectives=3).objectives == 3
    for name in ("bananas", written(tmp_path, CLIMBER)):
        with pytest.raises(AlgorithmInputError, match="it takes 1 objective"):
            build_strategy(name, (3, 4), objectives=2)
    with pytest.raises(AlgorithmInputError, match="objectives is 1; allowed: 2 to 8"):
        build_strategy("nsga2", (3, 4), objectives=1)


# What a user types after `pip install climber`: it is listed, runs by name, and stands in a table beside random.
USER = """
import jax, numpy as np
from nas_algos.compare import compare
from nas_algos.registry import algorithms
from nas_algos.tabular import make_table

genotypes = np.indices((4,) * 5).reshape(5, -1).T
table = make_table("sum", (4,) * 5, genotypes.sum(1)[:, None], (16,))
print([each.origin for each in algorithms() if each.name == "climber"])
for row in compare(["climber"], table, 60, 20, jax.random.key(0)):
    print(row.strategy, row.true)
"""


def test_a_package_installed_without_network_is_listed_runs_by_name_and_beats_random_in_a_table(tmp_path, monkeypatch):
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    install_without_network(wheel_of(tmp_path, CLIMBER), site)
    root = Path(__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", f"{site}:{root}")
    said = subprocess.run(
        [sys.executable, "-c", USER], cwd=elsewhere, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert said[0] == "['entry point']"
    rows = {name: float(value) for name, value in (line.split() for line in said[1:])}
    assert list(rows) == ["random", "climber"]
    # 60 of 1,024 uniform draws: the least sum of five digits 0..3 is 2.0 on average; climbing ends at 0
    assert rows["climber"] < 0.5 < rows["random"]
    monkeypatch.syspath_prepend(site)
    assert strategy_names()["climber"] == "climber:strategy"
    assert callable(find_strategy("climber"))
