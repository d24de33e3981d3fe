"""What is said of a wrong name: one line, what is allowed, and which name is nearly it."""

from unittest import mock

import pytest

from benchmarks import cli
from benchmarks.errors import MAX_LINE, nearly_meant, report_input
from tests.cli import accelnas


@pytest.mark.parametrize(
    ("message", "near"),
    [
        ("unknown accelerator 'ethos-u56-128'; allowed: ethos-u85-128, ethos-u55-128, npu-p16", "ethos-u55-128"),
        ("unknown strategy 'localsearch'; allowed: random, local_search", "local_search"),
        ("--set 'populaton=3'; allowed: NAME=VALUE, of the strategy: population, batch", "population"),
        ("unknown task 'colour'; allowed: classification, detection", ""),
        ("bound on latency_ms is -1; allowed: finite numbers above 0", ""),
        ("data set 'a' cannot be read", ""),
        ("--training passes is '1e3'; allowed: whole numbers 1 to 1e+09", ""),
    ],
)
def test_the_name_that_was_nearly_meant_is_found_among_those_allowed(message, near):
    assert nearly_meant(message) == near


def test_a_line_with_a_name_that_was_meant_is_no_longer_than_another(capsys):
    report_input(f"unknown board 'imx94'; allowed: {', '.join(f'board-{n}' for n in range(90))}, imx93")
    line = capsys.readouterr().err.rstrip("\n").removeprefix("accelnas: ")
    assert len(line) <= MAX_LINE
    assert line.endswith("; did you mean imx93?")


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("serch",), "unknown command 'serch'; see accelnas --help; allowed: reproduce, search, "),
        (("search", "--acelerator", "x"), "did you mean --accelerator?"),
        (("trials", "lst"), "did you mean list?"),
    ],
)
def test_misspelt_commands_and_options_are_answered_with_what_was_meant(arguments, meant):
    code, _, errors = accelnas(*arguments)
    assert code == 2
    assert meant in errors


@pytest.mark.parametrize(
    ("command", "goes_on"),
    [
        ("search", True),
        ("trials export", True),
        ("verify", True),
        ("search --table=x.csv", False),
        ("compare", False),
        ("compare --table x.csv", False),
        ("curate-compare mine.py", False),
        ("trials verify --count 3", False),
    ],
)
def test_a_command_that_is_stopped_says_that_it_goes_on_only_where_it_does(command, goes_on, monkeypatch, capsys):
    kept = "; what was finished is kept, and the same command goes on from there" if goes_on else ""
    for stop, code, word in ((KeyboardInterrupt, 130, "stopped"), (MemoryError, 1, "out of memory")):
        monkeypatch.setattr(cli, "_read", mock.Mock(side_effect=stop))
        assert cli.run(command.split()) == code
        assert capsys.readouterr().err == f"accelnas: {word}{kept}\n"
