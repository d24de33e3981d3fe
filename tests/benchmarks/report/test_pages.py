"""docs/results says what the committed results say, and refuses to say what they do not."""

import csv
import json
import math
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.markdown import rows
from benchmarks.report import site
from benchmarks.report.pages import article, curation, fidelity, head_to_head, zero_shot
from benchmarks.store.made import digest, recorded
from hw_model.vela.accelerators import ETHOS_U

ROOT = Path(__file__).parents[3]


@pytest.fixture
def copy(tmp_path):
    """The committed results, to be changed."""
    left_out = shutil.ignore_patterns("*.parquet", "*.png")
    shutil.copytree(ROOT / "results", tmp_path / "results", ignore=left_out)
    return tmp_path


def lines_of(markdown):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in markdown.splitlines() if line[:1] == "|"]


def test_the_pages_are_those_that_the_results_make():
    made = site.pages(ROOT)
    kept = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/results").glob("*.md")}
    assert kept == set(made)
    different = [path for path, text in made.items() if (ROOT / path).read_text() != text]
    assert not different, "run: accelnas reproduce --pages"


def test_every_experiments_folder_of_results_with_a_table_has_a_page():
    folders = {path.parent.name for path in (ROOT / "results").glob("*/*.csv")}
    folders &= {each.shelf for each in site.EXPERIMENTS.values()}
    assert folders == {path.stem for path in (ROOT / "docs/results").glob("*.md")} - {"index"}


def test_a_sentence_that_the_results_contradict_is_not_written(copy):
    path = copy / "results/silicon/silicon.csv"
    table = pd.read_csv(path)
    table["measured_ms"] = table["measured_ms"][::-1].to_numpy()
    table.to_csv(path, index=False)
    with pytest.raises(BenchmarkInputError, match="are in the measured order"):
        site.pages(copy)


def test_figures_in_prose_follow_the_file(copy):
    path = copy / "results/detection/detection.csv"
    table = pd.read_csv(path)
    table.loc[(table["model"] == "V3") & (table["accelerator"] == "ethos-u55-256"), "latency_reduction_pct"] = 12.3
    table.to_csv(path, index=False)
    page = " ".join(site.pages(copy)["docs/results/detection.md"].split())
    assert "V3 12% on the ethos-u55-256, " in page


def test_a_short_training_that_ranks_nothing_beyond_chance_agrees_on_no_task(copy):
    path = copy / "results/fidelity/fidelity.csv"
    table = pd.read_csv(path)
    table["tau_low"] = -0.1
    table.to_csv(path, index=False)
    assert "better than chance (its interval excludes 0) on no task." in " ".join(fidelity.page(path.parent).split())


def test_losses_that_would_print_as_zero_have_a_digit_more(copy):
    path = copy / "results/transfer/transfer.csv"
    table = pd.read_csv(path)
    for target, own in table[table["model"] == "As it is"].groupby("target"):
        ends = (-0.003, 0.001, 0.003) if "photo_objects" in str(target) else (-0.01, -0.01, -0.02)
        table.loc[own.index, "quality_difference"] = ends
    table.to_csv(path, index=False)
    told = " ".join(article.transfer(path.parent).split())
    assert "as they are: -0.003 to 0.003 on detection on photo_objects, 0.01 to 0.02 on segmentation and " in told


def test_results_of_the_first_spaces_say_so_until_their_file_changes(copy):
    note = "Made with the first version of the search spaces and of the data (8, 4 and 4 photographs behind "
    assert note in " ".join(site.pages(copy)["docs/results/single_shot.md"].split())
    path = copy / "results/single_shot/single_shot.csv"
    path.write_text(path.read_text().replace("\n", "\r\n"))
    after = site.pages(copy)["docs/results/single_shot.md"]
    assert note not in " ".join(after.split())
    assert "| [single_shot.csv](../../results/single_shot/single_shot.csv) | not recorded |" in after


def test_no_published_baseline_is_below_what_needs_no_network():
    def best(file, column):
        found: dict[tuple[str, str], float] = {}
        for row in rows(ROOT / "results" / file):
            key = row["task"], row["dataset"]
            found[key] = max(found.get(key, 0.0), row[column])
        return found

    networks, floors = best("baselines/baselines.csv", "quality_low"), best("controls/controls.csv", "quality")
    for row in rows(ROOT / "results/transfer/photo_objects.csv"):
        key = "detection", row["dataset"]
        networks[key] = max(networks.get(key, 0.0), row["quality_low"])
    assert set(floors) <= set(networks)
    for key, floor in floors.items():
        assert networks[key] > floor, key


def test_provenance_names_files_that_are_there_with_commits_and_no_machine_by_name():
    rows = list(csv.DictReader((ROOT / "results/provenance.csv").read_text().splitlines()))
    assert len({row["file"] for row in rows}) == len(rows) > 20
    for row in rows:
        assert (ROOT / "results" / row["file"]).exists(), row["file"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["date"])
        assert re.fullmatch(r"[0-9a-f]{7}", row["commit"])
        assert row["machine"] in {
            "2-core AMD EPYC, Python 3.11",
            "2-core Intel Xeon, Python 3.11",
            "NVIDIA H200, 16 cores, Python 3.12",
            "another, not recorded",
        }
    assert set(recorded(ROOT / "results")) == {row["file"] for row in rows}  # each is still what its row is of


def test_every_table_surrogate_and_figure_of_results_says_where_it_comes_from():
    shipped = {
        path.relative_to(ROOT / "results").as_posix()
        for ending in ("csv", "png", "npz", "parquet")
        for path in (ROOT / "results").rglob(f"*.{ending}")
        if path.parent.name != "measured"  # compiled, which is the same everywhere
    }
    assert shipped - {"provenance.csv"} == set(recorded(ROOT / "results"))


def test_provenance_names_commits_of_this_history():
    def git(*arguments):
        return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)

    if git("rev-parse", "--is-shallow-repository").stdout.strip() != "false":
        pytest.skip("needs the whole history")
    history = {commit[:7] for commit in git("rev-list", "HEAD").stdout.split()}
    rows = csv.DictReader((ROOT / "results/provenance.csv").read_text().splitlines())
    assert {row["commit"] for row in rows} <= history


def test_a_run_that_left_a_note_says_where_its_files_come_from(copy):
    (copy / "results/baselines/baselines.csv").write_text(
        (copy / "results/baselines/baselines.csv").read_text().replace("\n", "\r\n")
    )
    provenance = {"commit": "0123456789ab", "device": "a CPU", "threads": 2}
    note = {"baselines": {"settings": {}, "provenance": provenance}}
    (copy / "results/baselines/settings.json").write_text(json.dumps(note))
    page = site.pages(copy)["docs/results/baselines.md"]
    assert "(../../results/baselines/baselines.csv) | - | 0123456789ab | a CPU, 2 threads |" in page


def test_every_experiment_is_on_a_page_with_its_command():
    texts = site.pages(ROOT)
    for each in site.EXPERIMENTS.values():
        if any((ROOT / "results" / each.shelf / file).exists() for file in each.files):
            page = " ".join(texts[f"docs/results/{each.shelf}.md"].split())
            assert f"`accelnas reproduce {each.name}`: {each.shows}" in page
            assert f"| `{each.name}` | {each.shows} |" in texts["docs/results/index.md"]


def test_what_a_user_compared_beside_the_shipped_results_changes_no_page(copy):
    before = site.pages(copy)
    folder = copy / "results" / "compare-01234567"
    folder.mkdir()
    (folder / "head_to_head.csv").write_text("task\n")
    (folder / "settings.json").write_text('{"settings": {}, "made_by": {}}')
    assert site.pages(copy) == before


def test_a_digest_is_that_of_sha256sum(tmp_path):
    (tmp_path / "a").write_text("abc")  # FIPS 180-2, appendix B.1
    assert digest(tmp_path / "a") == "ba7816bf8f01cfea"


def test_results_without_a_page_of_their_own_get_their_tables(copy):
    assert "bad_inputs" not in site.PAGES
    (copy / "results/bad_inputs/bad_inputs.csv").write_text("name,value\na,0.125\nb,\n")
    page = site.pages(copy)["docs/results/bad_inputs.md"]
    assert page.startswith("# Bad inputs\n")
    assert lines_of(page)[:4] == [["name", "value"], ["---", "---"], ["a", "0.125"], ["b", "nan"]]
    assert "[Bad inputs](bad_inputs.md)" in site.pages(copy)["docs/results/index.md"]


def test_writing_pages_again_changes_nothing_and_removes_those_of_no_experiment(copy):
    assert site.write_pages(copy)
    (copy / "docs/results/gone.md").write_text("old\n")
    assert site.write_pages(copy) == [copy / "docs/results/gone.md"]
    assert site.write_pages(copy) == []


def test_the_estimator_page_shows_every_accelerator_that_was_evaluated_with_n_and_names_the_others():
    page = (ROOT / "docs/results/estimator.md").read_text()
    figures = pd.read_csv(ROOT / "results/estimator/estimator.csv").set_index(["accelerator", "method", "set"])
    evaluated = [name for name, method, of in figures.index if (method, of) == ("estimator", "general")]
    shown = [cells for cells in lines_of(page) if cells[0].startswith("ethos")]
    columns = ["n", "within_10pct", "kendall_tau", "mape_pct", "within_2std_pct", "std_pct"]
    for start, of in ((0, "spaces"), (len(evaluated), "general")):
        for name, (accelerator, *cells) in zip(evaluated, shown[start : start + len(evaluated)], strict=True):
            assert accelerator == name
            wanted = figures.loc[name, "estimator", of][columns].astype(float).tolist()
            assert [float(cell) for cell in cells] == pytest.approx(wanted, abs=0.051)
    general = figures.loc[[(name, "estimator", "general") for name in evaluated]]
    assert (general["n"] >= 60).all()
    assert general["within_2std_pct"].between(93, 99).all()
    words = " ".join(page.split())
    assert all(name in words.split("Not evaluated here")[1] for name in ETHOS_U if name not in evaluated)
    worst = figures[figures["n"] == 1].query("method == 'estimator'")["mape_pct"].max()
    claimed = re.search(r"the worst is ([\d.]+)% off", words)
    assert claimed
    assert float(claimed[1]) == pytest.approx(worst, abs=0.051)


def test_the_zero_shot_page_says_of_how_many_networks_each_tau_is():
    figures = pd.read_csv(ROOT / "results/zero_shot/zero_shot.csv")
    assert figures.groupby("task")["n"].nunique().max() > 1
    lines = [
        cells for cells in lines_of(zero_shot.page(ROOT / "results/zero_shot")) if cells[0] in set(figures["score"])
    ]
    for (score, n, tau, *_), row in zip(lines, figures.to_dict("records"), strict=True):
        assert (score, int(n)) == (row["score"], row["n"])
        assert float(tau.split()[0]) == pytest.approx(row["kendall_tau"], abs=0.0051)
        assert tau.endswith("*") == row["better_than_macs"]


def test_the_head_to_head_page_pools_the_searches_of_all_cells_where_that_was_run(copy):
    folder = copy / "results/head_to_head"
    assert ("pooled" in head_to_head.page(folder)) == (folder / "head_to_head_aggregates.csv").exists()
    names = ("interquartile_regret_pct", "better_than_random")
    rows = [
        {"budget": budget, "algorithm": algorithm, "searches": 9}
        | {f"{name}{end}": value for name in names for end in ("", "_low", "_high")}
        for budget, algorithm, value in (
            (10, "genetic", 0.5),
            (10, "auto", 0.25),
            (30, "genetic", 0.2),
            (30, "auto", 0.4),
        )
    ]
    pd.DataFrame(rows).to_csv(folder / "head_to_head_aggregates.csv", index=False)
    page = head_to_head.page(folder)
    assert "At\n30 trainings the lowest interquartile mean is that of `genetic`" in page
    assert ["`auto`", "10", "0.25 (0.25 to 0.25)", "0.250 (0.250 to 0.250)"] in lines_of(page)


def test_the_contests_page_says_of_each_task_whether_promises_hold_when_trained(copy):
    folder = copy / "results/head_to_head"
    (folder / "confirmed.csv").unlink(missing_ok=True)
    assert "No network that searches found has been trained" in head_to_head.page(folder)
    rows = [
        {"task": "detection", "algorithm": algorithm, "family": family, "networks": 9, "promised": promised}
        | {"trained": trained, "low": trained - 0.01, "high": trained + 0.01, "difference": promised - trained}
        | {"final": final, "final_low": final, "final_high": final}
        for algorithm, family, promised, trained, final in (
            ("random", "random", 0.50, 0.48, math.nan),
            ("genetic", "multi-shot", 0.55, 0.51, 0.6),
            ("local", "multi-shot", 0.49, 0.485, math.nan),
            ("genetic in curated", "kinds of space", 0.4, 0.5, math.nan),
        )
    ]
    pd.DataFrame(rows).to_csv(folder / "confirmed.csv", index=False)
    page = head_to_head.page(folder)
    assert ["detection", "`random`", "random", "9", "0.500", "0.480 (0.470 to 0.490)", "+0.020", ""] in lines_of(page)
    assert "0.600 (0.600 to 0.600)" in page
    said = " ".join(page.split())
    assert "above the interval of trained for `random` and `genetic`, below it for `genetic in curated`" in said
    assert "of 2 other algorithms, promised more than random search: 1; come to more: 2;" in said
    assert "with intervals apart: `genetic`; not all trained: " in said
    assert "**segmentation**: no algorithm's networks are all trained." in said


def test_the_curation_page_says_on_which_tasks_winners_of_its_searches_were_trained(copy):
    file = copy / "results/head_to_head/confirmed.csv"
    rows = [{"task": "detection", "family": "random"}]
    for more, said in (
        ([], "Winners of these searches have not been trained."),
        ([{"task": "segmentation", "family": "kinds of space"}], "came to when trained, on segmentation, is on the"),
    ):
        pd.DataFrame(rows + more).to_csv(file, index=False)
        assert said in " ".join(curation.page(copy / "results/curation").split())


def test_the_head_to_head_page_counts_cells_apart_from_random_search_as_the_file_has_them():
    table = pd.read_csv(ROOT / "results/head_to_head/head_to_head.csv")
    page = (ROOT / "docs/results/head_to_head.md").read_text()
    first = page.partition("## What the table shows")[0]
    lines = {cells[0]: cells for cells in lines_of(first) if cells[0].startswith("`")}
    here = table[table["budget"] == 30].set_index(["task", "accelerator", "algorithm"])
    for name in ("genetic", "zero_shot:macs"):
        own = here.xs(name, level="algorithm")
        better = own["regret"] < here.xs("random", level="algorithm")["regret"]
        apart = own["p_random"] < 0.05
        assert lines[f"`{name}`"][-1] == f"{(apart & better).sum()}, {(apart & ~better).sum()}"
        whole = table[(table["algorithm"] == name) & (table["budget"] == 300)]
        assert float(lines[f"`{name}`"][6]) == pytest.approx(
            (100 * whole["regret"] / whole["optimum"]).mean(), abs=0.006
        )


def test_the_head_to_head_page_says_that_no_hybrid_has_a_supernet_while_that_is_so(copy):
    folder = copy / "results/head_to_head"
    assert "none has a supernet in it" in head_to_head.page(folder)
    table = pd.read_csv(folder / "head_to_head.csv")
    table.loc[table["algorithm"] == "genetic", "family"] = "hybrid"  # joins nothing
    table.to_csv(folder / "head_to_head.csv", index=False)
    with pytest.raises(BenchmarkInputError, match="none has a supernet in it"):
        head_to_head.page(folder)
