"""`accelnas reproduce`: run experiments, or the main job, and write their tables and figures."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.errors import BenchmarkInputError, check_once, check_unused
from benchmarks.experiments.experiment import Experiment
from benchmarks.experiments.registry import EXPERIMENTS, find_experiments
from benchmarks.home import DEFAULT_HOME, check_folders
from benchmarks.runtime.resources import choose_executor


def reproduce(
    names: Annotated[tuple[str, ...], tyro.conf.Positional] = (),
    list: bool = False,
    profile: str | None = None,
    set: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = (),
    pages: bool = False,
    live: bool = False,
    all: bool = False,
    executor: str | None = None,
    address: str | None = None,
    home: Path = DEFAULT_HOME,
    results: Path | None = None,
) -> None:
    """Run experiments: search, train and evaluate, then print their tables and write them below RESULTS.

    Stop it at any moment and run it again: what was finished is not repeated.  With settings that yield other figures
    than those shipped the files go to a folder of their own.

    Args:
        names: Names that `--list` prints.  None: the main job, in which the article's tables are made again below HOME
            and compared with those shipped, and the detector's baseline and winners are trained.
        list: Run nothing; print the experiments and what they show, or the settings of those named.
        profile: The setting of that name, of experiments where `--list NAME` shows it: smoke checks in a minute that
            everything runs, quick is what the tables were made with, full takes far longer.
        set: NAME=VALUE, a setting of each of the experiments named; repeat it for several.
        pages: Run nothing; write docs/results, parts of README.md, and report.html from the files of RESULTS.
        live: Train what the named tables report, from nothing: every network with all its seeds, which takes hours or
            days; how many is said first, and with `--list` only that.  Files go below HOME/live.
        all: With `--live`: every table that rests on trainings.
        executor: Where trainings run: local, or ray (docs/how-to/many_machines.md).
        address: Of the Ray cluster: auto, HOST:PORT or ray://HOST:PORT.
        home: Directory that data, trials and measurements are kept in.
        results: Directory that tables and plots of the experiments named are written to, results if left out.
    """
    output = Path("results") if results is None else results
    unnamed = {"set": set, "profile": profile, "executor": executor, "address": address}
    pairs = [*map(_parsed, set), *([] if profile is None else [("profile", profile)])]
    check_once("--set", [name for name, _ in pairs])
    given = dict(pairs)
    if live or all:
        if given or pages or results is not None or all == bool(names) or not live:
            raise BenchmarkInputError("allowed: --live NAME ... or --live --all, with --list, --executor and --home")
        choose_executor(executor, address)
        _reproduce_live(names, list, home)
        return
    if pages:
        if names:
            raise BenchmarkInputError(f"--pages with {names[0][:60]!r}; allowed: with --results alone")
        check_unused("--pages", reproduce, unnamed | {"list": list, "home": home}, "--results alone")
        _write_pages(output.resolve())
        return
    if list and not names:
        check_unused("--list without a name", reproduce, unnamed | {"results": results}, "or names before them")
        _print_experiments()
        return
    if not names:
        options = {
            "--set or --profile": given or None,
            "--results": results,
            "--executor": executor,
            "--address": address,
        }
        if unused := [option for option, value in options.items() if value is not None]:
            raise BenchmarkInputError(f"{unused[0]} without a name; allowed: with names that --list prints")
        check_folders(home)
        from benchmarks.verification.again import main_job

        lines, equal = main_job(home)
        print("\n".join(lines))
        sys.exit(0 if equal else 1)
    chosen = find_experiments(names)
    # all of them before the first is run
    settings = [each.settings(given) for each in chosen]
    if list:
        _print_settings(dict(zip(chosen, settings, strict=True)))
        return
    choose_executor(executor, address)
    check_folders(home, output)
    for each, own in zip(chosen, settings, strict=True):
        print(f"Written to {each.run(own, home, output)}")


def _reproduce_live(names: tuple[str, ...], only_hours: bool, home: Path) -> None:
    from benchmarks.verification.live import LIVE, check_live, hours_line, live, needed

    check_live(names)
    check_folders(home)
    chosen = tuple(dict.fromkeys(names)) or tuple(LIVE)
    found = {name: needed(name, home) for name in chosen}
    for name, own in found.items():
        print(hours_line(name, own), flush=True)
    hours = sum(each.seconds for own in found.values() for each in own) / 3600
    print(f"in all about {hours:.1f} hours of a core, trainings that several share counted for each", flush=True)
    for name in () if only_hours else chosen:
        print(f"Written to {live(name, home)}", flush=True)


def _parsed(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BenchmarkInputError(f"--set {text[:60]!r}; allowed: NAME=VALUE")
    return name, value


def _write_pages(results: Path) -> None:
    if results.name != "results" or not (results / "provenance.csv").is_file():
        raise BenchmarkInputError(f"--pages of {results}; allowed: the folder results of a clone, with provenance.csv")
    root = results.parent
    # pandas takes a second to load, which bad input need not pay
    from benchmarks.report.html.build import write_report
    from benchmarks.report.readme import write_readme
    from benchmarks.report.site import write_pages

    written = [*write_pages(root), *write_readme(root), *write_report(root)]
    changed = [path.relative_to(root) for path in written]
    print("\n".join(map(str, changed)) if changed else "every page is up to date")


def _print_experiments() -> None:
    from rich.table import Column, Table

    from benchmarks.runtime.console import plain_console

    # a name is what is given to the command, so that none may be cut
    name = Column("name", min_width=max(map(len, EXPERIMENTS)))
    files = Column("files", overflow="fold")
    table = Table(name, "shows", "hours", files, title="hours: about, on two cores with nothing in the stores")
    for each in EXPERIMENTS.values():
        table.add_row(each.name, each.shows, f"{each.hours:g}", f"{each.shelf}/: {', '.join(each.files)}")
    plain_console().print(table)


def _print_settings(settings: dict[Experiment, object]) -> None:
    for each, own in settings.items():
        print(f"{each.name}: {each.shows}")
        for setting in fields(own):  # pyright: ignore[reportArgumentType]
            print(f"  {setting.name}={getattr(own, setting.name)}")
