"""What the documents name is there: files, commands with their options, make targets, columns and versions."""

import contextlib
import csv
import functools
import io
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import tyro

from benchmarks.cli import COMMANDS
from benchmarks.experiments.registry import EXPERIMENTS
from benchmarks.tables.parts import PARTS
from benchmarks.tables.recipes import SEARCH, sweep
from nas_algos.zero_shot.scores import SCORES
from tasks.data.photographs import PHOTOGRAPHS

ROOT = Path(__file__).parent.parent
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]
PROSE = {"is", "maintainers", "runs"}
"""What follows the name where no command does."""
COLUMNS = ROOT / "docs/reference/columns.md"
BUILDING = ROOT / "docs/how-to/build_tables.md"


def commands_of(text):
    """(command, its action or "", options) of all that calls accelnas, lines that end in a backslash joined."""
    calls = re.findall(r"accelnas ((?:[a-z][a-z-]*)(?: [^`\n#]*)?)", text.replace("\\\n", " "))
    words = [call.split() for call in calls]
    actions = [each[1] if each[0] in ("trials", "table") and len(each) > 1 else "" for each in words]
    options = [re.findall(r"--([a-z][a-z-]*)", call) for call in calls]
    return [(each[0], action, named) for each, action, named in zip(words, actions, options, strict=True)]


@functools.cache
def options_of(command, action):
    with contextlib.redirect_stdout(io.StringIO()) as shown, pytest.raises(SystemExit):
        tyro.cli(COMMANDS[command], args=[action, "--help"] if action else ["--help"])
    return set(re.findall(r"--([a-z][a-z-]*)", shown.getvalue()))


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_linked_files_are_there(document):
    for link in re.findall(r"\]\(([^)#\s]+)\)", document.read_text()):
        assert link.startswith("http") or (document.parent / link).exists(), link


def test_every_page_is_linked_from_another():
    linked = {
        target
        for page in DOCUMENTS
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text())
        if (target := (page.parent / link).resolve()) != page
    }
    assert {*DOCUMENTS} - linked == {ROOT / "README.md"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_commands_and_their_options_exist(document):
    for name, action, options in commands_of(document.read_text()):
        if name in PROSE:
            continue
        assert name in COMMANDS
        if not action.isalpha():
            action = ""  # "accelnas trials list | show", prose
        assert set(options) <= options_of(name, action), name


def test_the_documents_name_most_commands():
    named = {name for path in DOCUMENTS for name, *_ in commands_of(path.read_text())}
    assert {"search", "compare", "cost", "reproduce", "trials", "expert", "prepare", "list", "measure"} <= named
    assert {"search", "compare", "cost"} <= set(COMMANDS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_make_targets_exist(document):
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"make ([a-z-]+)", listed))
    assert {"reproduce", "test", "help"} <= targets
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", document.read_text(), re.MULTILINE)) <= targets


def test_every_column_of_every_result_is_explained_once():
    explained = [
        name
        for line in COLUMNS.read_text().splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    ]
    assert len(explained) == len(set(explained))
    shelves = {ROOT / "results" / each.shelf for each in EXPERIMENTS.values()}  # what is beside them is somebody's own
    there = {
        column
        for path in [ROOT / "results/provenance.csv", *(path for shelf in shelves for path in shelf.rglob("*.csv"))]
        for column in next(csv.reader(path.read_text().splitlines()))
    }
    missing = {column for column in there if not {column, re.sub(r"_(low|high)$", "", column)} & set(explained)}
    assert not missing
    # scores are explained before any network of the tables has them, as they come one by one
    assert set(explained) - set(SCORES) <= there


def test_the_page_on_building_tables_names_every_part_and_how_many_recipes_the_sweep_is_of():
    text = BUILDING.read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(PARTS)
    for task in SEARCH:
        recipes = {(fidelity, rate) for fidelity, rates, _ in sweep(task) for rate in rates}
        assert f"the baseline by {len(recipes)} recipes" in text


def test_each_file_of_jobs_on_the_page_on_building_tables_is_written_once():
    # `table jobs` refuses a file that is there
    written = re.findall(r"^accelnas table jobs (\S+)", BUILDING.read_text(), re.MULTILINE)
    assert len(written) == len(set(written)) == 4


def test_what_asks_the_surrogates_is_made_again_after_a_fit():
    section = BUILDING.read_text().split("## After a fit")[1]
    asks = re.compile(r"\b(load_table|enumerate_arena|load_models)\(")
    folders = (ROOT / "benchmarks/experiments").glob("*/*.py")
    asking = {path.parent.name for path in folders if asks.search(path.read_text())}
    assert asking >= {"truth", "head_to_head", "strategies"}
    assert not {name for name in asking if not re.search(rf"\b{name}\b", section)}


@pytest.mark.parametrize("page", ["README.md", "docs/how-to/install.md", "docs/tutorials/first_search.md"])
def test_pages_that_a_fresh_machine_begins_with_say_how_it_gets_the_data(page):
    text = (ROOT / page).read_text()
    step = text.index("python -m tasks.data.packages")
    first = re.search(r"^accelnas (search|train) (?!--table)", text, re.MULTILINE)
    assert first is None or step < first.start()


def test_the_page_on_security_names_what_searches_fetch_and_the_folders_that_files_name():
    text = " ".join((ROOT / "docs/reference/security.md").read_text().split())
    network, told = text.partition("## What reaches the network")[2].split("## What the files say of you")
    assert "Fashion-MNIST" in network
    assert "settings.json" in told
    assert "absolute path" in told


def test_the_page_on_adding_a_score_names_the_table_that_explains_its_column():
    assert "reference/columns.md" in (ROOT / "docs/how-to/add_a_score.md").read_text()


def test_the_page_on_installing_names_every_extra():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    cells = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs/how-to/install.md").read_text(), re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named == set(project["optional-dependencies"])


def test_versions_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"\nversion: {project['version']}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"version = {{{project['version']}}}" in (ROOT / "docs/about/citing.md").read_text()
    assert f"## {project['version'].removesuffix('.dev0')} " in (ROOT / "CHANGELOG.md").read_text()
    compiler = next(line for line in project["dependencies"] if line.startswith("ethos-u-vela=="))
    assert compiler.replace("==", " ") in (ROOT / "README.md").read_text()


def test_the_readme_says_how_many_photographs_stand_behind_each_split():
    train, validation, test = (len(PHOTOGRAPHS[split]) for split in ("train", "validation", "test"))
    assert f"{train}, {validation} and {test} photographs stand behind" in " ".join(
        (ROOT / "README.md").read_text().split()
    )
