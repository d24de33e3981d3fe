"""Every code block of the documents runs: Python as it stands, commands up to their first training, files are read.

Blocks marked `text` are shown only: diagrams and what commands print, which is held against a command on a table.
"""

import contextlib
import io
import itertools
import json
import os
import re
import shlex
import tomllib
from pathlib import Path
from unittest import mock

import jax
import pandas as pd
import pytest

from benchmarks.cli import _read, run
from benchmarks.evaluators.weights import write_weights
from benchmarks.store.files import write_network
from benchmarks.tables.files import SHIPPED
from hw_model.blocks import Block
from hw_model.network_file import load_network
from tasks.networks.blocks import ChainNetwork
from tasks.networks.initialise import initialise
from tests.test_docs import DOCUMENTS, ROOT

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LANGUAGES = {"", "python", "json", "toml", "text", "bibtex"}
WORK = {
    "search": "benchmarks.search.run.run_search",
    "compare": "benchmarks.experiments.head_to_head.run.run",
    "curate-compare": "benchmarks.experiments.curation.own.search_spaces",
    "expert": "benchmarks.search.expert.run_expert",
}
"""What a command calls once everything that was asked for has been checked."""
PARSED_ONLY = {"reproduce", "trials", "measure", "prepare", "table", "train", "export", "predict"}
"""What trains, compiles or downloads for minutes from its first line on, or takes what an earlier command left."""
LATER = re.compile(r"\*|^my_(network|times)\.|^folder:")
"""Files that an earlier command leaves, or that a reader has."""
OTHER_PROGRAMS = {"python3", "python", "pip", "make", "ruff", "pyright", "."}


def blocks(document):
    return [(language, code) for language, code in BLOCK.findall(document.read_text())]


def commands_of(code):
    """Each command of a block as words; lines that begin with $ are commands of a block that shows answers too."""
    lines = code.replace("\\\n", " ").splitlines()
    asked = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")] or [line for line in lines if line]
    return [shlex.split(part, comments=True) for line in asked for part in line.split("&&") if part.strip()]


def with_blocks(language):
    found = [path for path in DOCUMENTS if language in dict(blocks(path))]
    return pytest.mark.parametrize("document", found, ids=[path.relative_to(ROOT).as_posix() for path in found])


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """What `accelnas train --save` leaves, of a network that nothing has trained."""
    folder = tmp_path_factory.mktemp("saved")
    blocks = (Block("conv", 8, 8, 3, 4), Block("ibn", 8, 8, 4, 4, residual=True))
    write_network(folder / "network.json", "small", blocks)
    write_weights(folder / "weights", initialise(ChainNetwork(blocks), (8, 8, 3), jax.random.key(0)))
    return folder


@pytest.fixture
def folder(tmp_path, monkeypatch, saved):
    """A folder to run in, with the examples and a trained network; nothing outside it is written."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "saved").symlink_to(saved)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with mock.patch.dict(os.environ):  # which --executor changes
        yield tmp_path


def write_files(document):
    """Blocks that begin with a file's name are that file."""
    for language, code in blocks(document):
        if language == "python" and (named := re.match(r"# (\w+\.py)\n", code)):
            Path(named[1]).write_text(code)


def test_every_block_says_what_it_is():
    found = {language for path in DOCUMENTS for language, _ in blocks(path)}
    assert found <= LANGUAGES
    assert {"", "python", "json", "toml", "text"} <= found
    assert sum(len(blocks(path)) for path in DOCUMENTS) > 30


@with_blocks("python")
def test_python_runs(document, folder):
    names = {"__name__": document.stem}
    write_files(document)
    with contextlib.redirect_stdout(io.StringIO()):
        for language, code in blocks(document):
            if language == "python":
                exec(compile(code, document.name, "exec"), names)


def test_what_the_store_takes_of_many_machines_is_by_the_timing_of_most_rows():
    """One of few rows was taken on a busy machine, ten times as long a row."""
    (code,) = (code for language, code in blocks(ROOT / "docs/how-to/many_machines.md") if language == "python")
    names = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code, "many_machines.md", "exec"), names)
    assert names["store"]["rows"] == pd.read_csv(SHIPPED / "timings/store.csv")["rows"].max()


@with_blocks("")
def test_commands_are_right_up_to_their_first_training_and_print_what_is_shown(document, folder, monkeypatch, capsys):
    write_files(document)
    begun = []
    for name, work in WORK.items():
        monkeypatch.setattr(work, lambda *_, name=name, **__: begun.append(name))
    for (language, code), (next_language, shown) in itertools.pairwise([*blocks(document), ("", "")]):
        for program, *arguments in commands_of(code) if language == "" else ():
            name = program.rpartition("/")[2]
            if name != "accelnas":
                assert name in OTHER_PROGRAMS, program
            elif arguments[0] in PARSED_ONLY or any(LATER.search(word) for word in arguments):
                _read(arguments)
            else:
                trains = arguments[0] in WORK and "--table" not in arguments
                expected = [*begun, arguments[0]] if trains else [*begun]
                assert run(arguments) == 0, (arguments, capsys.readouterr().err)
                assert begun == expected, arguments
                if "--table" in arguments and next_language == "text":
                    assert shown in capsys.readouterr().out


@with_blocks("json")
def test_networks_are_networks(document, folder):
    for code in (code for language, code in blocks(document) if language == "json"):
        path = folder / "network.json"
        path.write_text(code)
        assert len(load_network(path).blocks) > 2
        assert json.loads(code)["blocks"]


@with_blocks("toml")
def test_toml_is_toml(document):
    for code in (code for language, code in blocks(document) if language == "toml"):
        assert tomllib.loads(code)
