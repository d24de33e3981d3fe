"""A search with real trainings, killed with `kill -9` at random moments and started again until it ends.

Writes results/disturbance/disturbance.csv; run: accelnas reproduce disturbance (about 15 minutes of one core).

A row a target.  kills: so many times the whole process group, the process that was started, or one of its workers was
killed, at moments drawn evenly over half of what an undisturbed search takes, counted from its start or from the last
kill of a worker.  trials: trainings that the disturbed searches finished.  lost: those that were in the store once and
later were not.  repeated: those that were done again after they had been finished.  equal: whether what every search
that was killed wrote is, to the last byte, what the undisturbed one wrote, but for when and how long trainings ran.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jax
import pandas as pd

from benchmarks.errors import check_linux
from benchmarks.evaluators.weights import METRICS, WEIGHTS, read_weights
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
ARGUMENTS = (
    *("--task", TASK, "--dataset", DATASET, "--profile", PROFILE, "--training", "passes=4", "--space", "tiny.py"),
    *("--accelerator", "npu-p16", "--latency-ms", "10", "--strategy", "random"),
    *("--budget", "3", "--seeds", "2", "--final-seeds", "1"),
)
MOST_STARTS = 30
"""Of one search: one that does not end by then never will."""
FINISHED = re.compile(r"^\[\d+/\d+\] (.+): [a-z0-9]+ [0-9.]+.* \(\d+ s\)$", re.MULTILINE)
"""A line of a training that was done now, with its label."""


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

    def see(self, before: Mapping[str, str], now: Mapping[str, str], said: str) -> None:
        """Count what became of trials, {digest: when it was made}, while a process ran that said this."""
        self.lost += len(before.keys() - now.keys())
        self.repeated += sum(now[each] != made for each, made in before.items() if each in now)
        # what it finished twice by itself
        self.repeated += sum(count - 1 for count in Counter(FINISHED.findall(said)).values())


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
    undisturbed, seconds = _wanted(scratch, home)
    rng, rows = random.Random(settings.seed), []
    for place, target in enumerate(settings.targets):
        kills = settings.kills // len(settings.targets) + (place < settings.kills % len(settings.targets))
        tally, number = Tally(), 0
        while tally.kills < kills:
            number += 1
            where = new_search(scratch / f"{target}{number}", home)
            search_and_kill(where, ARGUMENTS, [target] * (kills - tally.kills), seconds / 2, rng, tally)
            tally.equal &= contents(where) == undisturbed
        row = {"target": target, "kills": tally.kills, "trials": tally.trials, "lost": tally.lost}
        rows.append(row | {"repeated": tally.repeated, "equal": tally.equal})
        print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def new_search(where: Path, home: Path) -> Path:
    """The place of a search: a home that has another one's data and nothing else, and no results."""
    where.mkdir()
    (where / "data").symlink_to((home / "data").absolute())
    return where


def search_and_kill(
    where: Path, arguments: Sequence[str], targets: Sequence[str], span: float, rng: random.Random, tally: Tally
) -> None:
    """Start a search until it ends by itself, killing those targets meanwhile, one after the other.

    where: its place (`new_search`); arguments: of `accelnas search`, but for its folders, which are there.  span: each
    kill comes up to so many seconds after the last one.  A search that ends before all are killed is not begun again.
    """
    left, before = list(targets), dict[str, str]()
    for start in range(MOST_STARTS):
        process = _start(where, arguments, start)
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(rng.uniform(0, span) if left else None)
            if left and process.poll() is None and _kill(process, left[0], tally):
                tally.kills += 1
                del left[0]
        now = kept_trials(where)
        tally.see(before, now, (where / f"said{start:02}.txt").read_text(errors="replace"))
        before = now
        if process.returncode == 0:
            break
        # 1: a job whose workers were killed both times that it was tried ends its search, which then goes on
        if process.returncode not in (1, -signal.SIGKILL):
            raise AssertionError(f"a search ended with exit code {process.returncode}: {_said(where)[-500:]}")
    else:
        raise AssertionError(f"a search did not end in {MOST_STARTS} starts: {_said(where)[-500:]}")
    tally.trials += len(before)


def contents(where: Path) -> dict[str, bytes]:
    """What a search wrote, by paths: weights as what they say, since their files' names are random."""
    folder, found = where / "results", dict[str, bytes]()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.name == WEIGHTS:
            arrays = jax.tree.leaves_with_path(read_weights(path))
            found |= {f"{name} {jax.tree_util.keystr(at)}": array.tobytes() for at, array in arrays}
        elif path.name == METRICS:
            figures = json.loads(path.read_bytes())
            kept = {each: value for each, value in figures.items() if each not in ("seconds", "created")}
            found[str(name)] = json.dumps(kept).encode()
        elif path.is_file() and WEIGHTS not in name.parts:
            found[str(name)] = path.read_bytes()
    return found


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


def _start(where: Path, arguments: Sequence[str], number: int) -> subprocess.Popen[bytes]:
    # a folder's path is in the keys of what JAX keeps there: one for all, wherever they are
    compilations = {"JAX_COMPILATION_CACHE_DIR": str(where.parent / "compilations")}
    compilations["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.05"
    with (where / f"said{number:02}.txt").open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "accelnas", "search", *arguments, "--home", where, "--results", where / "results"],
            env=compilations | os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            cwd=where.parent,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wanted(scratch: Path, home: Path) -> tuple[dict[str, bytes], float]:
    """What the undisturbed search writes, and the seconds that it takes where everything is compiled."""
    where, seconds = scratch, math.nan
    for name in ("first", "second"):
        where, started = new_search(scratch / name, home), time.monotonic()
        code = _start(where, ARGUMENTS, 0).wait()
        seconds = time.monotonic() - started
        if code:
            raise AssertionError(f"the undisturbed search ended with exit code {code}: {_said(where)[-500:]}")
    return contents(where), seconds


def kept_trials(where: Path) -> dict[str, str]:
    """The trials in the store of a search's home, by digest, with when they were made."""
    if not (where / STORE_FILE).exists():
        return {}
    with open_store(where) as store:
        return {trial.digest: trial.created for trial in store.trials()}


def _said(where: Path) -> str:
    return "".join(path.read_text(errors="replace") for path in sorted(where.glob("said*.txt")))
