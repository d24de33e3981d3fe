"""docs/results: a page for each experiment, made from the CSVs in results/NAME, and their index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from benchmarks.experiments.experiment import Experiment
from benchmarks.experiments.registry import EXPERIMENTS
from benchmarks.markdown import as_it_is, code, table, wrapped
from benchmarks.report.pages import (
    article,
    baselines,
    claims,
    curation,
    detection,
    estimator,
    expert,
    export,
    fidelity,
    head_to_head,
    landscape,
    optimisers_curse,
    silicon,
    single_shot,
    skeletons,
    spaces,
    strategies,
    surrogate,
    sustainability,
    tables,
    timings,
    truth,
    zero_shot,
)
from benchmarks.store.made import Made, noted, recorded
from benchmarks.tables.parts import build_command
from hw_model.files import write_whole

INDEX = ("page", "experiment", "what it shows", "time on two cores")


@dataclass(frozen=True)
class Page:
    """What is said of an experiment's results."""

    title: str
    """The heading."""
    write: Callable[[Path], str]
    """From the folder results/NAME, the Markdown below the heading."""


PAGES: MappingProxyType[str, Page] = MappingProxyType(
    {
        "claims": Page("The article's claims, and what became of them", claims.page),
        "detection": Page("Human-presence detection: the article's first table", detection.page),
        "classification": Page("A classifier within a memory budget", article.classification),
        "segmentation": Page("Segmentation networks of a Pareto set", article.segmentation),
        "iso_latency": Page("Better networks at the baseline's latency", article.iso_latency),
        "transfer": Page("The best detector on other tasks and data", article.transfer),
        "sustainability": Page("Energy, with every factor shown", sustainability.page),
        "curation": Page("Curated or not", curation.page),
        "landscape": Page("The landscape that channels make", landscape.page),
        "head_to_head": Page("Families of search at equal spend", head_to_head.page),
        "single_shot": Page("What supernets rank, cost and find", single_shot.page),
        "zero_shot": Page("Scores of untrained networks", zero_shot.page),
        "strategies": Page("Strategies on whole spaces as tables", strategies.page),
        "expert": Page("The expert in the loop", expert.page),
        "fidelity": Page("What a short training can tell", fidelity.page),
        "baselines": Page("What each task starts from", baselines.page),
        "skeletons": Page("What the skeletons were chosen by", skeletons.page),
        "spaces": Page("The search spaces in numbers", spaces.page),
        "tables": Page("The trained tables", tables.page),
        "surrogate": Page("How well trained tables predict", surrogate.page),
        "optimisers_curse": Page("What becomes of predicted winners", optimisers_curse.page),
        "truth": Page("The best networks by the trained tables", truth.page),
        "export": Page("What leaves as int8 files", export.page),
        "estimator": Page("What a network costs, without compiling it", estimator.page),
        "silicon": Page("Beside boards that others measured", silicon.page),
        "timings": Page("Figures of a machine", timings.page),
    }
)


def pages(root: Path) -> dict[str, str]:
    """The text of every page of docs/results by its path below `root`, the index among them.

    An experiment without a page of its own gets one with its tables as they are.  Raises BenchmarkInputError naming a
    sentence that the results no longer bear out.
    """
    results = root / "results"
    kept = recorded(results)
    texts = {}
    for name in _names(results):
        files = sorted(path.relative_to(results).as_posix() for path in (results / name).rglob("*.csv"))
        page, made = _page(name), _noted_by_runs(results, name) | kept
        body = page.write(results / name)
        texts[f"docs/results/{name}.md"] = wrapped(
            f"# {page.title}\n\n{_first_version(files, made)}\n\n{body}\n\n{_origin(name, files, made)}"
        )
    texts["docs/results/index.md"] = wrapped(_index(results))
    return texts


def write_pages(root: Path) -> list[Path]:
    """Write what `pages` says and remove pages of experiments that are no more; the paths that changed."""
    texts = {root / path: text for path, text in pages(root).items()}
    folder = root / "docs/results"
    folder.mkdir(parents=True, exist_ok=True)
    changed = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    for path in changed:
        write_whole(path, texts[path])
    gone = [path for path in folder.glob("*.md") if path not in texts]
    for path in gone:
        path.unlink()
    return changed + gone


def _names(results: Path) -> Sequence[str]:
    """Folders of experiments with a table: those with a page of their own in its order, then the rest.

    What `accelnas search` and others wrote beside them is the user's.
    """
    there = {path.parent.name for path in results.glob("*/*.csv")} & {each.shelf for each in EXPERIMENTS.values()}
    return [*(name for name in PAGES if name in there), *sorted(there - set(PAGES))]


NOTES: MappingProxyType[str, str] = MappingProxyType(
    {
        "controls": """\
What networks must beat: a task's metric on test images where nothing is trained but, from the same training
images, a nearest neighbour or a softmax regression on pixels, or where every image gets one and the same
answer. Intervals are over the choice of test photographs, where images are composed over any.
""",
        "bad_inputs": """\
Inputs that nothing can work with, made at random, a row a kind. Each must be refused in one line with exit
code 2, before anything long begins and without changing a file: the last four columns count those that were
not.
""",
        "disturbance": """\
Searches with real trainings were killed with `kill -9` at random moments and started again until they ended.
A row for each of what was killed: the whole process group, the process that was started (parent), or its
workers. Lost: trials that the store had once and later had not; repeated: those trained again after they had
ended; equal: whether the results are those of a search that nobody disturbed, to the last byte.
""",
        "ray": """\
Trials train nothing, so that trials a second are the overhead of handing out and collecting. All nodes run on
one machine, with a CPU each; the local executor has as many workers as Ray has nodes in the third row. In the
last two rows a trial waits for .2 s: in the first of them a worker was killed in the middle of one, in the
second a whole node. Lost: trials that came to nothing or were run twice; equal: whether all results are the
local executor's.
""",
    }
)
"""What is said above the tables of experiments without a page of their own."""


def _tables(folder: Path) -> str:
    parts = [NOTES[folder.name]] if folder.name in NOTES else []
    parts += [as_it_is(path) for path in sorted(folder.glob("*.csv"))]
    parts += [f"![{path.stem}](../../results/{folder.name}/{path.name})\n" for path in sorted(folder.glob("*.png"))]
    return "\n".join(parts)


def _noted_by_runs(results: Path, name: str) -> dict[str, Made]:
    """By path, what the runs that wrote the files said of themselves."""
    runs = noted(results / name)
    return {f"{name}/{file}": runs[each.name] for each in _of(name) if each.name in runs for file in each.files}


def _first_version(files: Sequence[str], made: dict[str, Made]) -> str:
    old = [path for path in files if path in made and made[path].first_version]
    if not old:
        return ""
    which = "Made" if len(old) == len(files) else f"{code(path.rpartition('/')[2] for path in old)} were made"
    return f"""\
*{which} with the first version of the search spaces and of the data (8, 4 and 4 photographs behind training, validation
and test images), until tables of the second version replace them.*"""


def _origin(name: str, files: Sequence[str], made: dict[str, Made]) -> str:
    lines = []
    for path in files:
        known = made.get(path)
        facts = (known.date, known.commit, known.machine) if known else ("not recorded",) * 3
        lines.append([f"[{path.rpartition('/')[2]}](../../results/{path})", *facts])
    return f"""\
## Where this comes from

{_made_by(name)}

This page is written from the files by `accelnas reproduce --pages`;
[columns.md](../reference/columns.md) says what their columns mean.

{table(("file", "date", "commit", "machine"), lines)}"""


def _page(name: str) -> Page:
    return PAGES.get(name, Page(name.replace("_", " ").capitalize(), _tables))


def _index(results: Path) -> str:
    return f"""\
# Results

One page for each experiment, written from the CSVs in [results](../../results) by `accelnas reproduce --pages`.
`accelnas reproduce --list` prints the experiments; `accelnas reproduce NAME` makes an experiment's files again, with
`--set` other settings.  `confirmed` makes a table of trainings that must be there first: {
        build_command("detection", "confirm")
    } does those of detection, likewise the other tasks', or `accelnas reproduce --live confirmed` all.

{table(INDEX, (line for name in _names(results) for line in _lines(results, name)))}"""


def _lines(results: Path, name: str) -> list[list[str]]:
    link = f"[{_page(name).title}]({name}.md)"
    lines = []
    for each in _of(name):
        made = any((results / name / file).exists() for file in each.files)
        lines.append([link, f"`{each.name}`", each.shows if made else f"{each.shows} (no files yet)", _time(each)])
    return lines or [[link, "", "", ""]]


def _made_by(name: str) -> str:
    lines = [
        f"- `accelnas reproduce {each.name}`: {each.shows}; about {_time(each)} on two cores." for each in _of(name)
    ]
    return "\n".join(lines)


def _of(shelf: str) -> list[Experiment]:
    return [each for each in EXPERIMENTS.values() if each.shelf == shelf]


def _time(experiment: Experiment) -> str:
    hours = experiment.hours
    number, unit = (f"{60 * hours:.0f}", "minute") if hours < 1 else (f"{hours:g}", "hour")
    return f"{number} {unit}{'s' if number != '1' else ''}"
