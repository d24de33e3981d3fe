"""The README shows what the committed results say, and its commands exist."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.report.tables import TABLES, fill

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def rows_of(markdown):
    return [line for line in markdown.splitlines() if line.startswith("|")]


def test_the_readmes_tables_are_the_committed_ones():
    assert fill(README, ROOT) == README
    for name in TABLES:
        assert f"<!-- {name} -->" in README


def test_the_committed_markdown_says_what_the_committed_csv_says():
    table = pd.read_csv(ROOT / "results/detection/detection.csv")
    rows = rows_of((ROOT / "results/detection/detection.md").read_text())[2:]
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


def test_the_readmes_estimator_table_is_the_committed_one():
    shown = rows_of(README.split("<!-- results/estimator/estimator.csv -->")[1].split("<!-- end -->")[0])[2:]
    figures = pd.read_csv(ROOT / "results/estimator/estimator.csv").set_index(["accelerator", "method", "set"])
    assert len(shown) == 11
    for text in shown:
        name, *cells = [cell.strip() for cell in text.strip("|").split("|")]
        ours, singles = figures.loc[name, "estimator", "all"], figures.loc[name, "singles", "all"]
        assert ours["n"] == 300
        wanted = [
            *(ours["within_10pct"], ours["kendall_tau"], ours["mape_pct"], ours["peak_activation_within_10pct"]),
            *(singles["within_10pct"], singles["kendall_tau"], singles["mape_pct"]),
        ]
        assert [float(cell) for cell in cells] == pytest.approx(wanted, abs=0.051)


def test_the_worst_example_that_the_readme_names_is_the_worst_in_the_default_modes():
    figures = pd.read_csv(ROOT / "results/estimator/estimator.csv")
    examples = figures[(figures["method"] == "estimator") & (figures["n"] == 1)]
    worst = examples[~examples["accelerator"].str.contains("sram-only")]["mape_pct"].max()
    claimed = re.search(r"examples are up to ([\d.]+)% off", README)
    assert claimed
    assert float(claimed[1]) == pytest.approx(worst, abs=0.051)
