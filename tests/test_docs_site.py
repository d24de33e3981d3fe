"""The site builds without a network, warns of nothing, loads nothing from elsewhere, and lists every option."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.cli import COMMANDS
from benchmarks.report.command_line import all_commands, options
from tests.test_docs import options_of

ROOT = Path(__file__).parent.parent
BUILD = """
import socket, sys
def refuse(*_):
    raise OSError("the site is built without a network")
socket.socket.connect = socket.getaddrinfo = refuse
from mkdocs.__main__ import cli
cli(["build", "--strict", "--quiet", "--config-file", "docs/mkdocs.yml", "--site-dir", sys.argv[1]])
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("mkdocs", reason="pip install 'accelnas[docs]'")
    folder = tmp_path_factory.mktemp("site")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-c", BUILD, folder]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr  # --strict: a broken link is an error
    return folder


def test_every_page_is_built_and_loads_nothing_from_elsewhere(site):
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    for page in pages:
        html = (site / page).read_text()
        # addresses in <a href> are followed by those who click
        assert not re.findall(r'<(?:script|img|link|iframe)[^>]*(?:src|href)="(?:https?:)?//[^"]*"', html), page


def test_links_out_of_docs_lead_to_copies_or_pages(site):
    assert 'href="../files/examples/climber.py"' in (site / "how-to/add_a_strategy.html").read_text()
    assert (site / "files/examples/climber.py").read_text() == (ROOT / "examples/climber.py").read_text()
    assert 'href="how-to/add_a_score.html"' in (site / "CONTRIBUTING.html").read_text()


def test_the_reference_shows_attributes_one_by_one(site):
    html = (site / "reference/api/hw_model.html").read_text()
    assert "Height and width of its window, where its kind has one." in html


def test_the_command_line_page_lists_the_options_that_parsers_have(site):
    html = (site / "reference/command_line.html").read_text()
    for name, command in all_commands(COMMANDS):
        named = {option.removeprefix("--") for option in options(command) if option.startswith("--")} - {"action"}
        parsed = {each for each in options_of(*(*name.split(), "")[:2]) if not each.startswith("no-")} - {"help"}
        mentioned = set(re.findall(r"--([a-z][a-z-]*)", command.__doc__ or ""))  # other commands' options, in prose
        assert named <= parsed <= named | mentioned, name
        assert all(text for option, (_, text) in options(command).items()), name
        assert all(f"<code>--{option}</code>" in html for option in named), name
