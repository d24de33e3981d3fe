"""Make a data set ready, with a bar that shows how far it is, or off a terminal a line every half a minute."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.runtime.progress import SILENT_SECONDS
from benchmarks.runtime.worker import allowed_cores
from tasks.data.datasets import get_dataset, is_users


def prepare_with_progress(home: Path, data: str, dataset: str = "fashion_scenes", download: bool = False) -> None:
    """Prepare a configuration of a data set with a progress bar.  Raises TaskInputError."""
    console = Console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f}%"),
        TimeRemainingColumn(),
    )
    chosen = get_dataset(dataset)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        bar, said = bars.add_task(f"{dataset} ({data})", total=None), time.monotonic()

        def show(done: int, total: int) -> None:
            nonlocal said
            bars.update(bar, completed=done, total=total)
            if not console.is_terminal and time.monotonic() - said >= SILENT_SECONDS:
                said = time.monotonic()
                console.print(f"{dataset} ({data}): {done:,} of {total:,} images are ready", highlight=False)

        folder = chosen.prepare(
            home,
            data,
            show,
            download=download,
            workers=len(allowed_cores()),
        )
    console.print(f"{dataset} ({data}): {folder}", soft_wrap=True, highlight=False, markup=False)
    for note in (*chosen.notes(), *chosen.without(home)) if is_users(chosen) else ():
        console.print(f"  {note}", soft_wrap=True, highlight=False, markup=False)
