"""How far a search is: bars on a terminal; elsewhere a plain line when a trial starts and when it ends, and one at
least every half a minute.

with SearchProgress("V1, evolution", total=60) as progress, LocalExecutor(2, on_progress=...) as executor:
    progress.running("trial 7", 0.25, "ibn 8-16-24")     # a line of its own while it runs
    progress.finished("trial 7", "ibn 8-16-24: mAP 0.31, 1.9 ms")
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

SILENT_SECONDS = 30.0
"""Off a terminal no longer time goes by without a line."""
_BESIDE_A_BAR = 40
"""Columns that a trial's description has."""


@dataclass(frozen=True)
class Pace:
    """How fast trials go.  elapsed: seconds so far; worked: trials run in them, parts counted; left: still to run."""

    elapsed: float
    worked: float
    left: float

    def seconds_left(self) -> float | None:
        """Expected, from the mean so far; None before anything is known."""
        return self.elapsed / self.worked * self.left if self.worked > 0 else None


def format_seconds(seconds: float | None) -> str:
    """Such as "0:07", "12:30" or "1:02:03"; "-:--" for None."""
    if seconds is None:
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class SearchProgress:
    """One bar for all trials, with the time left, and one for each that runs; a context manager.

    total: trials to finish.  clock: seconds, monotonic.
    """

    def __init__(
        self, title: str, total: int, console: Console | None = None, clock: Callable[[], float] = time.monotonic
    ):
        self._console = console or Console()
        self._clock = clock
        self._started = clock()
        self._total = total
        self._finished = 0
        self._reused = 0
        self._running: dict[Hashable, tuple[TaskID, float]] = {}
        self._said, self._stopped = self._started, threading.Event()
        left = _TimeLeft(self)
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[done]}"), left)
        self._bars = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._overall = self._bars.add_task(title, total=total, done=self._count())

    def __enter__(self) -> Self:
        self._bars.start()
        if not self._console.is_terminal:
            threading.Thread(target=self._keep_talking, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._bars.stop()

    def pace(self) -> Pace:
        """How fast it went so far; trials that were reused, not run, took no time and say nothing of it."""
        partly = self._partly()
        worked = self._finished - self._reused + partly
        return Pace(self._clock() - self._started, worked, self._total - self._finished - partly)

    def expect_in_all(self, count: int) -> None:
        """Count on so many trials, where fewer were announced."""
        self._total = max(self._total, count)
        self._bars.update(self._overall, total=self._total)

    def running(self, key: Hashable, fraction: float, description: str) -> None:
        """Show that a trial is so far, 0 to 1; key tells it from the others."""
        if key in self._running:
            task = self._running[key][0]
        else:
            shown = description if len(description) <= _BESIDE_A_BAR else f"{description[: _BESIDE_A_BAR - 3]}..."
            task = self._bars.add_task(f"  {shown}", total=1.0, done="")
            self._say(f"begins: {description}", whole=False)
        self._running[key] = (task, fraction)
        self._bars.update(task, completed=fraction, done=f"{fraction:.0%}")
        self._update()

    def finished(self, key: Hashable, line: str, *, reused: bool = False) -> None:
        """Take a trial off the running ones (if it was there), count it and print its line.

        reused: it was found in the store and took no time.
        """
        if key in self._running:
            self._bars.remove_task(self._running.pop(key)[0])
        self._finished += 1
        self._reused += reused
        if self._console.is_terminal:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            self._say(line)
        self._update()

    def still_running(self) -> None:
        """Off a terminal, where nothing was said for half a minute: how far the trials are that run."""
        if self._clock() - self._said >= SILENT_SECONDS:
            pace = self.pace()
            shares = ", ".join(f"{fraction:.0%}" for _, fraction in tuple(self._running.values())) or "nothing yet"
            left = format_seconds(pace.seconds_left())
            self._say(f"running: {shares}; {format_seconds(pace.elapsed)} gone, {left} left")

    def _keep_talking(self) -> None:
        while not self._stopped.wait(1.0):
            self.still_running()

    def _say(self, line: str, whole: bool = True) -> None:
        """A plain line off a terminal; not whole: as much of it as the console is wide."""
        if self._console.is_terminal:
            return
        self._said, text = self._clock(), f"[{self._count()}] {line}"
        if not whole and len(text) > self._console.width:
            text = f"{text[: self._console.width - 3]}..."
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _count(self) -> str:
        return f"{self._finished}/{self._total}"

    def _partly(self) -> float:
        # a copy, since rich draws from a thread of its own
        return sum(fraction for _, fraction in tuple(self._running.values()))

    def _update(self) -> None:
        self._bars.update(self._overall, completed=self._finished + self._partly(), done=self._count())


class _TimeLeft(ProgressColumn):
    """Rich's own looks at the last 30 seconds, in which often no trial ends."""

    def __init__(self, progress: SearchProgress):
        super().__init__()
        self._progress = progress

    def render(self, task: Task) -> Text:
        if task.id != self._progress._overall:
            return Text("")
        pace = self._progress.pace()
        return Text(f"{format_seconds(pace.elapsed)}, {format_seconds(pace.seconds_left())} left")
