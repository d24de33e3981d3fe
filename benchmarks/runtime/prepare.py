"""Make a data set ready, with a bar that shows how far it is."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

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
        bar = bars.add_task(f"{dataset} ({data})", total=None)
        folder = chosen.prepare(
            home,
            data,
            lambda done, total: bars.update(bar, completed=done, total=total),
            download=download,
            workers=len(allowed_cores()),
        )
    console.print(f"{dataset} ({data}): {folder}", soft_wrap=True, highlight=False, markup=False)
    for note in chosen.notes() if is_users(chosen) else ():
        console.print(f"  {note}", soft_wrap=True, highlight=False, markup=False)
