"""A search with real trainings, killed with `kill -9` at random moments and started again until it ends.

Writes results/disturbance/disturbance.csv; run: accelnas reproduce disturbance (hours
where other work runs), or with --set kills=5.

A row a target.  kills: so many times the whole process group, the process that was started, or one of its workers was
killed, at moments drawn evenly over half of what an undisturbed search takes.  trials: trainings that the disturbed
searches finished.  lost: those that were in the store once and later were not.  repeated: those that were done more
than once after they had been finished.  equal: whether the files of every search that was killed are, to the last byte,
those of the undisturbed one.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from benchmarks.errors import check_linux
from benchmarks.experiments.disturbance.settings import Settings
from benchmarks.fidelities import get_fidelity
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.store.files import write_table
from benchmarks.store.sqlite import STORE_FILE, open_store
from tasks.registry import make_task

ROOT = Path(__file__).parents[3]
TASK, DATASET, PROFILE = "classification", "fashion_items", "smoke"
SPACE = """
from tasks.spaces.layer import Decision, Layer
from tasks.spaces.space import SearchSpace

decisions = (Decision("width", (8, 16)), Decision("body", ("ibn_3", "conv")))
layers = (Layer("conv", 8, stride=3), Layer("body", "width", stride=3), Layer("conv", 10, kernel=1, activation=False))
SPACE = SearchSpace("tiny", decisions, layers, input_side=28, input_channels=1)
"""
MOST_STARTS = 20
"""Of one search: one that does not end by then never will."""


@dataclass
class Tally:
    """What was seen of the searches of one target."""

    kills: int = 0
    trials: int = 0
    lost: int = 0
    repeated: int = 0
    equal: bool = True
    pids: set[int] = field(default_factory=set)
    """Workers that were killed."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Disturb, print and write the table; on Linux, whose /proc names the workers."""
    check_linux("disturbance")
    task = make_task(TASK, DATASET)
    data = task.config(get_fidelity(TASK, PROFILE).data)
    prepare_with_progress(home, data, task.dataset)
    with tempfile.TemporaryDirectory() as name:
        table = disturb(settings, home, Path(name))
    write_table(folder / "disturbance.csv", table)
    print(table.to_string(index=False))


def disturb(settings: Settings, home: Path, scratch: Path) -> pd.DataFrame:
    """A row a target.  home: where the data are; searches have homes of their own in `scratch`."""
    (scratch / "tiny.py").write_text(SPACE)
    (scratch / "compilations").mkdir()
    undisturbed, seconds = _wanted(scratch, home)
    rng, rows = random.Random(settings.seed), []
    for place, target in enumerate(settings.targets):
        kills = settings.kills // len(settings.targets) + (place < settings.kills % len(settings.targets))
        tally, number = Tally(), 0
        while tally.kills < kills:
            number += 1
            where = _new_search(scratch, home, f"{target}{number}")
            _one_search(scratch, where, target, kills, seconds / 2, rng, tally)
            tally.equal &= _files(where) == undisturbed
        row = {"target": target, "kills": tally.kills, "trials": tally.trials, "lost": tally.lost}
        rows.append(row | {"repeated": tally.repeated, "equal": tally.equal})
        print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def _one_search(
    scratch: Path, where: Path, target: str, kills: int, span: float, rng: random.Random, tally: Tally
) -> None:
    """Start a search until it ends by itself, killing it meanwhile as long as kills are left."""
    seen: dict[str, str] = {}
    for start in range(MOST_STARTS):
        process = _start(scratch, where, start)
        while process.poll() is None:
            if tally.kills >= kills:
                process.wait()
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(rng.uniform(0, span))
            if process.poll() is None and _kill(process, target, tally):
                tally.kills += 1
        code = process.wait()
        kept = _kept(where)
        tally.lost += len(seen.keys() - kept.keys())
        seen |= kept
        if code == 0:
            break
    else:
        raise AssertionError(f"a search did not end in {MOST_STARTS} starts: {_said(where)[-500:]}")
    tally.trials += len(seen)
    done = Counter(re.findall(r"^\[\d+/\d+\] (.+): [a-z0-9]+ [0-9.]+.* \(\d+ s\)$", _said(where), re.MULTILINE))
    tally.repeated += sum(count - 1 for count in done.values())


def _kill(process: subprocess.Popen[bytes], target: str, tally: Tally) -> bool:
    """Whether there was something to kill."""
    if target == "group":
        os.killpg(process.pid, signal.SIGKILL)
    elif target == "parent":
        process.kill()
    else:
        workers = [pid for pid in _workers(process.pid) if pid not in tally.pids]
        if not workers:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(workers[0], signal.SIGKILL)
            tally.pids.add(workers[0])
        return True
    process.wait()
    return True


def _workers(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                yield int(child)


def _start(scratch: Path, where: Path, number: int) -> subprocess.Popen[bytes]:
    what = ["--task", TASK, "--dataset", DATASET, "--profile", PROFILE, "--space", str(scratch / "tiny.py")]
    how = ["--accelerator", "npu-p16", "--latency-ms", "10", "--strategy", "random"]
    how += ["--budget", "3", "--seeds", "2", "--final-seeds", "1"]
    places = ["--home", str(where), "--results", str(where / "results")]
    with (where / f"said{number:02}.txt").open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "accelnas", "search", *what, *how, *places],
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _new_search(scratch: Path, home: Path, name: str) -> Path:
    """A home that has the data and what XLA has compiled, and nothing else."""
    where = scratch / name
    where.mkdir()
    (where / "data").symlink_to((home / "data").absolute())
    (where / "compilations").symlink_to(scratch / "compilations")
    return where


def _wanted(scratch: Path, home: Path) -> tuple[dict[str, bytes], float]:
    """Files of the undisturbed search, and the seconds that it takes where everything is compiled."""
    for name in ("first", "second"):
        where, started = _new_search(scratch, home, name), time.monotonic()
        code = _start(scratch, where, 0).wait()
        seconds = time.monotonic() - started
        if code:
            raise AssertionError(f"the undisturbed search ended with exit code {code}: {_said(where)[-500:]}")
    return _files(where), seconds


def _files(where: Path) -> dict[str, bytes]:
    folder = where / "results"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _kept(where: Path) -> dict[str, str]:
    """The trials in the store of a home, by digest, with when they were made."""
    if not (where / STORE_FILE).exists():
        return {}
    with open_store(where) as store:
        return {trial.digest: trial.created for trial in store.trials()}


def _said(where: Path) -> str:
    return "".join(path.read_text(errors="replace") for path in sorted(where.glob("said*.txt")))
