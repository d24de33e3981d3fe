"""`accelnas compare` on the trained tables: the folder that a contest writes to."""

import re
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.commands.compare import compare
from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.head_to_head import run as contest
from benchmarks.experiments.head_to_head import scored
from benchmarks.search import peers
from benchmarks.tables.files import SHIPPED
from nas_algos.zero_shot.scores import SCORES

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_another_content_of_a_contenders_file_has_a_folder_of_its_own(tmp_path, monkeypatch):
    folders = []
    monkeypatch.setattr(
        "benchmarks.experiments.head_to_head.run.run", lambda settings, home, folder: folders.append(folder)
    )
    mine, results = tmp_path / "mine.py", tmp_path / "results"
    for more in ("", "", "# another\n"):
        mine.write_text((EXAMPLES / "climber.py").read_text() + more)
        compare("detection", contenders=(str(mine),), budget=(10,), results=results)
    assert folders[0] == folders[1] != folders[2]


@pytest.mark.parametrize(("budget", "allowed"), [((10, 1), "1; allowed: 2 to 10000"), ((), "0; allowed: 2 to 10000")])
def test_a_budget_that_no_contest_can_spend_is_refused_by_the_option_s_name(budget, allowed, tmp_path):
    with pytest.raises(BenchmarkInputError, match=f"^budget is {allowed}$"):
        compare("detection", budget=budget, results=tmp_path)


def test_a_contest_reads_what_its_ledger_needs_before_it_searches(tmp_path, monkeypatch):
    def missing(results, tasks):
        raise BenchmarkInputError("no speeds")

    monkeypatch.setattr(contest, "machines", missing)
    monkeypatch.setattr(contest, "make_cells", lambda *given: pytest.fail("went on without the speeds"))
    with pytest.raises(BenchmarkInputError, match="no speeds"):
        contest.run(contest.Settings(), tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("contender", "line"),
    [
        ("pymoo GA", "pymoo GA needs pymoo, not installed; run: pip install 'accelnas[peers]'"),
        ("zero_shot:wrcor", "contender 'zero_shot:wrcor': no network of detection has this score; allowed: synflow, "),
        ("zero_shot_local:trainability", "no network of detection has this score; allowed: synflow, "),
    ],
)
def test_a_contender_that_cannot_take_part_is_refused_before_anything_is_searched(
    contender, line, tmp_path, monkeypatch
):
    monkeypatch.setattr(peers, "installed", lambda name: False)
    monkeypatch.setattr(contest, "run", lambda *given: pytest.fail("went on without it"))
    with pytest.raises(BenchmarkInputError, match=re.escape(line)):
        compare("detection", contenders=("random", contender), results=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_scores_that_a_pool_has_are_those_of_its_networks():
    frame = pd.read_csv(SHIPPED / scored.SCORES_FILE, low_memory=False)
    for task in ("classification", "detection"):
        own = frame[(frame["task"] == task) & (frame["space"] == scored.ARENA)]
        assert scored.scored_names(task) == [name for name in SCORES if name in own and own[name].notna().any()]
