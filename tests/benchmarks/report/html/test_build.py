"""The report is what the CSVs make, stands alone, and works in a browser where there is one."""

import html
import json
import math
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.report.html import build
from benchmarks.report.html.build import TABLES, differences, model_lines, report
from benchmarks.report.html.gathered import supernet_lines
from benchmarks.store import made
from benchmarks.tables.summaries import blocks_of

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "results/report.html").read_text()
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
EMPTY = {"meta", "link", "img", "br", "input", "hr"}


class Structure(HTMLParser):
    """Tags that are open, those that closed wrongly, ids, what is referred to, and images without a text."""

    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.ids, self.named, self.bare = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.named += [found[name] for name in ("src", "href") if name in found]
        if (tag == "img" and not found.get("alt")) or (tag == "svg" and not found.get("aria-label")):
            self.bare.append(tag)
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in EMPTY:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def structure():
    found = Structure()
    found.feed(PAGE)
    found.close()
    return found


def test_the_report_is_what_the_results_make():
    assert report(ROOT) == PAGE, "run: accelnas reproduce --pages"


def test_tags_match_and_ids_are_there_once(structure):
    assert (structure.open, structure.wrong) == ([], [])
    assert len(structure.ids) == len(set(structure.ids)) > 100


def test_nothing_comes_from_outside(structure):
    assert structure.named
    assert all(name.startswith(("data:", "#")) for name in structure.named)
    assert all(name[1:] in structure.ids for name in structure.named if name.startswith("#"))
    assert "url(http" not in PAGE
    assert "@import" not in PAGE


def test_every_figure_has_a_text(structure):
    assert structure.bare == []
    assert PAGE.count("<svg role=") == 4


def test_text_of_figures_has_the_pages_colour_and_marks_have_names():
    assert "figure svg text { fill: currentColor; }" in PAGE
    marks = re.findall(r"<g [^>]*data-tip=[^>]*>", PAGE)
    assert len(marks) > 100
    assert all('role="img"' in mark and "aria-label=" in mark for mark in marks)


def test_lines_of_many_contenders_differ_in_colour():
    figure = PAGE[PAGE.index('id="anytime-') :]
    lines = re.findall(r'id="anytime-l\d+".*?stroke: (#\w+)', figure[: figure.index("</svg>")], re.DOTALL)
    first = lines[: len(lines) // 3]
    assert len(first) == len(set(first)) > 15


def test_the_files_that_are_listed_are_those_that_are_read(monkeypatch):
    listed = {row["file"] for row in build.origins(ROOT / "results")}
    monkeypatch.setattr(build, "origins", lambda results: [])
    monkeypatch.setattr(made, "digest", lambda path: "")  # which reads every file
    read = set()

    def note(event, details):
        if event == "open" and isinstance(details[0], str | Path) and not noted[0]:
            read.add(Path(details[0]))

    noted = [False]
    sys.addaudithook(note)
    report(ROOT)
    noted[0] = True  # a hook cannot be taken away
    there = {path.relative_to(ROOT / "results").as_posix() for path in read if (ROOT / "results") in path.parents}
    assert there - {"provenance.csv"} == listed


def test_verdicts_come_first_and_count_as_the_file_does():
    table = pd.read_csv(ROOT / "results/claims/claims.csv")
    counted = dict(re.findall(r"<b>(\d+)</b> ([a-z ]+)</li>", PAGE))
    assert {name: int(count) for count, name in counted.items()} != {}
    for name, count in table["verdict"].value_counts().items():
        assert f"<b>{count}</b> {name}</li>" in PAGE
    assert PAGE.index('id="claims"') < PAGE.index('id="tables"')


def test_a_summary_is_read_as_it_is_written():
    shape, blocks = blocks_of("96x96x3: conv 12 /2, ibn_6 24 k5, upsample x2, fused_ibn_3 8, global_pool, conv 10 k1")
    assert shape == "96x96x3"
    assert [block.kind for block in blocks] == ["conv", "ibn", "upsample", "fused_ibn", "global_pool", "conv"]
    assert [block.channels for block in blocks] == [12, 24, 24, 8, 8, 10]
    assert [(block.expansion, block.kernel) for block in blocks] == [(1, 3), (6, 5), (1, 3), (3, 3), (1, 3), (1, 1)]
    assert [block.stride for block in blocks] == ["/2", "", "x2", "", "", ""]
    with pytest.raises(ValueError, match="is no block"):
        blocks_of("96x96x3: Conv!")


def test_the_matrix_is_antisymmetric_and_goes_from_the_best_on():
    names, matrix = differences(ROOT / "results")
    for one in range(len(names)):
        assert matrix[one][one] is None
        for other in range(one):
            assert matrix[one][other]["difference"] == pytest.approx(-matrix[other][one]["difference"], rel=1e-3)
            assert matrix[one][other]["difference"] >= -1e-9


def test_rows_of_the_articles_tables_are_all_there():
    for name in TABLES:
        assert len(model_lines(ROOT / "results", name)) == len(pd.read_csv(ROOT / f"results/{name}/{name}.csv"))


def test_a_row_whose_quality_is_not_known_has_empty_cells(tmp_path):
    table = pd.read_csv(ROOT / "results/transfer/transfer.csv")
    for name in ("quality", "quality_low", "quality_high", "quality_difference"):
        table.loc[0, name] = math.nan
    (tmp_path / "transfer").mkdir()
    table.to_csv(tmp_path / "transfer/transfer.csv", index=False)
    first, *others = model_lines(tmp_path, "transfer")
    second = next(line for line in others if line["source"])
    assert {first[name] for name in ("quality", "interval", "source", "difference", "article")} == {""}
    assert (second["task"], second["source"]) == ("detection on photo_objects", "trained, 3 seeds, recipe search")


@pytest.fixture
def copy(tmp_path):
    """The committed results, to be changed."""
    shutil.copytree(ROOT / "results", tmp_path / "results", ignore=shutil.ignore_patterns("*.parquet"))
    return tmp_path


def test_how_far_predicted_winners_fell_short_is_said_before_the_verdicts(copy):
    path = copy / "results/optimisers_curse/optimisers_curse.csv"
    table = pd.read_csv(path)
    table["difference"] = table["task"].map(str).str.len() / 100
    table.to_csv(path, index=False)
    text = " ".join(report(copy).partition('id="claims"')[0].split())
    told = "+0.140 on classification, +0.090 on detection and +0.120 on segmentation"
    assert f"off where they were last trained, predicted less trained: {told}" in text


def test_the_report_does_not_promise_trainings_and_has_the_noise_beside_the_ceiling(copy):
    path = copy / "results/tables/agreement.csv"
    table = pd.read_csv(path)
    table.loc[table["task"] == "detection", "seed_std"] = 0.0123
    table.loc[table["task"] == "segmentation", "seed_std"] = math.nan
    table.to_csv(path, index=False)
    text = report(copy)
    assert "to come" not in text
    rows = text.partition("noise\nbetween seeds; the floor")[2].partition("</table>")[0]
    assert re.findall(r"<tr><td>(\w+)</td>.*<td class=\"number\">([^<]*)</td></tr>", rows)[1:] == [
        ("detection", "0.0123"),
        ("segmentation", ""),
    ]


def test_supernets_of_one_algorithm_and_spend_are_one_line(tmp_path):
    (tmp_path / "single_shot").mkdir()
    row = {"task": "toy", "accelerator": "npu", "algorithm": "fair", "n": 7, "macs_tau": 0.5, "meets_target": True}
    made = [row | {"kendall_tau": tau, "cost_in_trainings": 10 * tau} for tau in (0.2, 0.4)]
    pd.DataFrame(made).to_csv(tmp_path / "single_shot/single_shot.csv", index=False)
    (line,) = supernet_lines(tmp_path)
    assert (line["supernets"], line["Kendall's tau"], line["cost in trainings"]) == ("2", "0.30", "3.0")
    assert line["found within the bound"] == "2"
    assert line["95% interval"] == "-0.97 to 1.57"
    pd.DataFrame(made[:1]).to_csv(tmp_path / "single_shot/single_shot.csv", index=False)
    (line,) = supernet_lines(tmp_path)  # of one supernet there is no interval
    assert (line["Kendall's tau"], line["95% interval"]) == ("0.20", "")
    # of rows that say what was spent, the interval is over networks too
    spends = [{**row, "budget": budget, "kendall_tau": 0.2, "low": 0.1, "high": 0.3} for budget in (3, 30)]
    pd.DataFrame([made[0] | {"budget": budget} for budget in (3, 30)]).to_csv(
        tmp_path / "single_shot/single_shot.csv", index=False
    )
    pd.DataFrame(spends).to_csv(tmp_path / "single_shot/single_shot_spend.csv", index=False)
    lines = supernet_lines(tmp_path)
    assert [(line["spend"], line["95% interval"]) for line in lines] == [
        ("3 trainings", "0.10 to 0.30"),
        ("30 trainings", "0.10 to 0.30"),
    ]


# in a frame as wide as a phone: sorts each table by each column, looks for what is loaded, and points at a mark
CHECK = """
const frame = document.getElementById("phone");
frame.addEventListener("load", () => {
  const page = frame.contentDocument, told = {errors: frame.contentWindow.errors, sorted: 0, unsorted: [], tips: 0};
  told.width = page.documentElement.scrollWidth;
  told.images = [...page.images].map(image => image.complete && image.naturalWidth > 0);
  told.figures = [...page.querySelectorAll("figure svg")].map(svg => svg.getBoundingClientRect().height > 50);
  for (const table of page.querySelectorAll("table.sortable")) {
    for (const button of table.querySelectorAll("th button")) {
      const place = [...button.parentElement.parentElement.children].indexOf(button.parentElement);
      for (const sign of [1, -1]) {
        button.click();
        const values = [...table.tBodies[0].rows].map(row => row.children[place].textContent.trim()).filter(v => v);
        const numbers = values.map(v => Number(v.split(" to ")[0])).filter(v => !Number.isNaN(v));
        const right = numbers.every((v, i) => i === 0 || sign * (v - numbers[i - 1]) >= 0);
        if (right) told.sorted += 1; else told.unsorted.push(button.textContent);
      }
    }
  }
  const mark = page.querySelector(".tip");
  mark.dispatchEvent(new PointerEvent("pointermove", {clientX: 30, clientY: 30}));
  told.tips = page.querySelectorAll(".tip").length;
  told.tip = page.getElementById("tip").textContent;
  told.shown = getComputedStyle(page.getElementById("tip")).display;
  document.body.insertAdjacentHTML("beforeend", "<pre id='told'></pre>");
  document.getElementById("told").textContent = JSON.stringify(told);
});
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_in_a_browser_it_sorts_shows_every_figure_and_fits_a_phone(tmp_path):
    watched = PAGE.replace("<head>", "<head><script>window.errors=[];onerror=e=>{errors.push(String(e))}</script>", 1)
    frame = f'<iframe id="phone" width="390" height="844" style="border:0" srcdoc="{html.escape(watched)}"></iframe>'
    (tmp_path / "check.html").write_text(f"<!doctype html><body>{frame}<script>{CHECK}</script>")
    assert CHROMIUM is not None
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000", "--enable-logging=stderr"]
    done = subprocess.run(
        [CHROMIUM, *flags, f"--user-data-dir={tmp_path}/profile", "--dump-dom", f"file://{tmp_path}/check.html"],
        capture_output=True,
        text=True,
        timeout=240,
    )
    found = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    told = json.loads(html.unescape(found[1]))
    assert told["errors"] == []
    assert "CONSOLE" not in done.stderr
    assert told["width"] <= 390
    assert told["images"] == [True]
    assert told["figures"] == [True] * 4
    assert told["unsorted"] == []
    assert told["sorted"] > 100
    assert told["tips"] > 100
    assert (told["shown"], "accelnas reproduce" in told["tip"]) == ("block", True)
