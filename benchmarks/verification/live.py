"""Tables from nothing: every network that a table reports trained on this machine, and the table made with that.

What is read lies below HOME/live/NAME/results: the shipped results without the trainings that are to be done anew.  A
table of the article is made by its searches, whose networks may be others on another machine; then those are trained
too.  Rows of transfer on PhotoObjects are of no table, and show the shipped figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from benchmarks.errors import BenchmarkInputError, NoResultError
from benchmarks.evaluators.trained import trial_key
from benchmarks.experiments.registry import EXPERIMENTS
from benchmarks.store.parquet import write_records
from benchmarks.store.records import Trial, TrialKey
from benchmarks.store.sqlite import open_store
from benchmarks.tables.article import article_cells
from benchmarks.tables.build import Asked, train, trainings
from benchmarks.tables.files import SHIPPED, table_file, table_trials
from benchmarks.tables.parts import RECIPES_OF, Wanted, part_of
from benchmarks.tables.recipes import RECIPES, SEARCH
from benchmarks.tables.trained import trials_by
from benchmarks.verification import again
from tasks.registry import TASKS, make_task
from tasks.training import training_flops

ROUNDS = 3
"""At most so many times a table is made and what it names anew is trained."""


class Live(NamedTuple):
    """What is trained for a table."""

    part: str
    """Part of the trained tables (`tables.parts`)."""
    tasks: tuple[str, ...]
    """Of these."""
    first: tuple[str, ...] = ()
    """Experiments whose tables it takes qualities from, which are made before it."""


LIVE: MappingProxyType[str, Live] = MappingProxyType(
    {
        **{name: Live("article", (name,)) for name in ("detection", "classification", "segmentation")},
        "iso_latency": Live("article", tuple(TASKS)),
        "transfer": Live("article", ("segmentation", "classification"), ("iso_latency",)),
        "confirmed": Live("confirm", tuple(TASKS)),
        "optimisers_curse": Live("curse", tuple(TASKS)),
        "fidelity": Live("final", tuple(TASKS)),
    }
)
"""Experiments whose rows are trainings of the tables' recipes."""


class Needed(NamedTuple):
    """Trainings of one task for one table."""

    task: str
    asked: tuple[Asked, ...]
    """All of them."""
    missing: int
    """Those that the home does not have yet."""
    seconds: float
    """Of one core, for those, by what trainings of the shipped table took for their operations."""


def check_live(names: tuple[str, ...]) -> None:
    """Raises BenchmarkInputError for an experiment that trains no network of the tables."""
    for name in names:
        if name not in LIVE:
            raise BenchmarkInputError(f"--live {name[:40]!r}; allowed: {', '.join(LIVE)}, or --all")


def needed(name: str, home: Path, results: Path = SHIPPED) -> list[Needed]:
    """What a table takes, task by task, for the networks that it names in `results`."""
    found = []
    with open_store(home) as store:
        for task_name in LIVE[name].tasks:
            asked = tuple(trainings(list(wanted_by(name, task_name, results))))
            missing = [each for each in asked if store.get(_key(task_name, each)) is None]
            rate = seconds_a_flop(task_name)
            seconds = sum(rate * training_flops(each.chain, each.fidelity) for each in missing)
            found.append(Needed(task_name, asked, len(missing), seconds))
    return found


def wanted_by(name: str, task_name: str, results: Path) -> Iterator[Wanted]:
    """Cells and recipes of a task that a table in `results` needs."""
    task, part = make_task(task_name), LIVE[name].part
    if part != "article":
        yield from part_of(results, task, part)
        return
    for cell in article_cells(results, task, (name,)):
        for how in RECIPES_OF[part]:
            yield Wanted(cell, RECIPES[how][task_name])


def seconds_a_flop(task: str) -> float:
    """Of one core, over the shipped trainings of the recipe search that were done one by one."""
    own = [trial for trial in trials_by(SHIPPED, task, SEARCH[task]) if trial.key.code_path == "static"]
    return sum(trial.seconds for trial in own) / sum(trial.training_flops for trial in own)


def hours_line(name: str, found: list[Needed]) -> str:
    """What a table takes, in words."""
    total, missing = (sum(values) for values in zip(*((len(each.asked), each.missing) for each in found), strict=True))
    hours = sum(each.seconds for each in found) / 3600
    return f"{name}: {total} trainings, {missing} of them to be done, about {hours:.1f} hours of a core"


def live(name: str, home: Path, say: Callable[[str], None] = print) -> Path:
    """Train and make a table; its folder below the home.  Stop it at any moment: what was trained is kept.

    Raises BenchmarkInputError where the shipped results are not there, TaskInputError where data are missing, and
    NoResultError where the last round's table names networks that are not trained.
    """
    results = home / "live" / name / "results"
    found = needed(name, home)
    copy_shipped(results)
    tried: set[tuple[str, Asked]] = set()
    for _ in range(ROUNDS):
        for each in found:
            forget(results, each.task, [one for one in each.asked if (each.task, one) not in tried])
            train(home, results, make_task(each.task), list(each.asked))
            tried |= {(each.task, one) for one in each.asked}
        say(f"== {name}")
        for each in (*LIVE[name].first, name):
            module = import_module(EXPERIMENTS[each].module)
            module.run(replace(module.Settings(), tables=results), home, results / EXPERIMENTS[each].shelf)
        found = needed(name, home, results)
        # what the store has of an earlier call is not in this one's table before train() puts it there
        if tried.issuperset((each.task, one) for each in found for one in each.asked):
            break
        say("searches found other networks here: " + hours_line(name, found))
    else:
        left = sum(each.missing for each in found)
        raise NoResultError(f"{name}: after {ROUNDS} rounds {left} trainings are missing; the same command goes on")
    return results / EXPERIMENTS[name].shelf


def copy_shipped(results: Path) -> None:
    """The shipped results as they are, tables among them."""
    if not (SHIPPED / "tables").is_dir():
        raise BenchmarkInputError(f"no {SHIPPED / 'tables'}, to begin with; allowed: a clone's accelnas")
    again.copy_shipped(results)
    for task in TASKS:
        write_records(table_file(results, task), Trial, table_trials(SHIPPED, task))


def forget(results: Path, task: str, asked: Sequence[Asked]) -> None:
    """Take out of the task's table what was trained elsewhere of networks that are to be trained here."""
    anew = {_training(_key(task, each)) for each in asked}
    rows = [trial for trial in table_trials(results, task) if _training(trial.key) not in anew]
    write_records(table_file(results, task), Trial, rows)


def _key(task: str, asked: Asked) -> TrialKey:
    return trial_key(make_task(task), asked.chain, asked.fidelity, asked.seed)


def _training(key: TrialKey) -> tuple[str, str]:
    """What was trained by which recipe, whichever way and with whichever seed."""
    return key.architecture, key.fidelity
