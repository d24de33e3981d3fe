"""The README shows what the committed results say, and its commands exist."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def rows_of(markdown):
    return [line for line in markdown.splitlines() if line.startswith("|")]


def test_the_readmes_table_is_the_committed_one():
    shown = README.split("<!-- results/quick/detection.md -->")[1].split("<!-- end -->")[0]
    assert rows_of(shown) == rows_of((ROOT / "results/quick/detection.md").read_text())
    assert len(rows_of(shown)) > 10


def test_the_committed_markdown_says_what_the_committed_csv_says():
    table = pd.read_csv(ROOT / "results/quick/detection.csv")
    rows = rows_of((ROOT / "results/quick/detection.md").read_text())[2:]
    assert len(rows) == len(table)
    for text, row in zip(rows, table.to_dict("records"), strict=True):
        cells = [cell.strip() for cell in text.strip("|").split("|")]
        assert cells[:2] == [row["model"], row["accelerator"]]
        assert float(cells[2]) == pytest.approx(row["latency_ms"], abs=6e-5)
        assert float(cells[3].rstrip("%")) == pytest.approx(row["latency_reduction_pct"], abs=0.06)
        assert float(cells[5].split()[0]) == pytest.approx(row["map"], abs=6e-4)


def test_every_make_target_of_the_readme_exists():
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"make ([a-z-]+)", README))
    assert {"reproduce", "test", "help"} <= targets
    assert targets <= set(re.findall(r"make ([a-z-]+)", listed)) | {"help"}


def test_files_that_the_readme_names_are_there():
    for path in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / path).exists(), path


def test_the_command_line_lists_its_commands():
    accelnas = Path(sys.executable).parent / "accelnas"
    listed = subprocess.run([accelnas, "--help"], capture_output=True, text=True, check=True).stdout
    assert all(command in listed for command in re.findall(r"`accelnas ([a-z]+)", README))
