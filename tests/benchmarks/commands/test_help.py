"""What `--help` says: examples that can be typed, the names that are allowed, and no line wider than the terminal."""

import itertools
import re
import shlex

import pytest

from benchmarks.cli import COMMANDS, _read
from benchmarks.commands.examples import EXAMPLES
from benchmarks.report.command_line import all_commands, options
from hw_model.boards import BOARDS
from hw_model.vela.accelerators import ETHOS_U
from nas_algos.policies import POLICIES
from nas_algos.registry import algorithms
from nas_algos.single_shot.registry import SINGLE_SHOT
from tasks.data.datasets import DATASETS
from tasks.registry import TASKS
from tasks.spaces.registry import ARTICLE_SPACES, SPACE_KINDS
from tests.cli import accelnas, refused


def test_every_command_has_examples_and_all_of_them_are_understood():
    assert EXAMPLES.keys() == {"", *(name for name, _ in all_commands(COMMANDS))}
    for name, lines in EXAMPLES.items():
        for line in lines:
            if "--help" not in line:
                assert line.startswith(f"accelnas {name}")
                assert callable(_read(shlex.split(line)[1:])), line


@pytest.mark.parametrize("name", ["", "search", "trials", "trials export"])
def test_help_ends_with_the_examples_and_fits_into_80_columns(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, printed, errors = accelnas(*name.split(), "--help")
    assert (code, errors) == (0, "")
    head, _, below = printed.partition("\nexamples:\n")
    assert [line.strip() for line in below.splitlines()] == [*EXAMPLES[name]]
    assert max(map(len, head.splitlines())) <= 80
    assert "{None}" not in printed


@pytest.mark.parametrize(
    "line",
    [
        "train x.json --task detection --training passes=64 --training mirror=no",
        "compare --budget 10 --budget=30",
        "trials list --limit 1 --limit 2",
        "search --latency_ms 1 --latency-ms 2",
    ],
)
def test_an_option_given_twice_is_refused_and_those_that_add_up_are_not(line):
    option = next(word for word in reversed(line.split()) if word.startswith("--")).partition("=")[0]
    assert f"{option} is given twice; allowed: once, with all its values" in refused(*line.split())
    assert callable(_read(shlex.split("cost x.json --accelerator ethos-u55-256 --accelerator ethos-u65-512")))


def test_names_that_are_allowed_stand_in_the_help():
    def named(command, option):
        return [word.strip(".)") for word in re.split("[ ,:;]", options(COMMANDS[command])[option][1])]

    assert set(TASKS) <= {*named("search", "--task")}
    assert {*SPACE_KINDS, *itertools.chain(*ARTICLE_SPACES.values())} <= {*named("search", "--space")}
    assert set(POLICIES) <= {*named("search", "--policy")}
    assert {each.name for each in algorithms() if each.origin == "built-in"} <= {*named("search", "--strategy")}
    assert set(SINGLE_SHOT) <= {*named("search", "--evaluator")}
    assert set(BOARDS) <= {*named("cost", "--board")}
    assert set(DATASETS) <= {*named("search", "--dataset")}
    for command in ("search", "expert", "cost"):
        words, family = [], ""
        for word in named(command, "--accelerator"):
            family = word.rpartition("-")[0] if word.startswith("ethos") else family
            words.append(family + word if word.startswith("-") else word)
        plain = {name for name in ETHOS_U if not name.endswith("-sram-only")}
        assert plain <= {*words}
