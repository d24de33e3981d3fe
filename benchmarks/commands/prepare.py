"""`accelnas prepare`: compose a data set once."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.commands.home import DEFAULT_HOME
from tasks.data.scenes import prepare as prepare_scenes


def prepare(data: str = "quick", home: Path = DEFAULT_HOME) -> None:
    """Compose FashionScenes from Fashion-MNIST and photographs, unless that was done before.

    Args:
        data: Configuration: tiny, smoke, quick or full.
        home: Directory that data, trials and measurements are kept in.
    """
    prepare_with_progress(home, data)


def prepare_with_progress(home: Path, data: str) -> None:
    """Prepare a configuration with a progress bar.  Raises TaskInputError."""
    console = Console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        bar = bars.add_task(f"Scenes ({data})", total=None)
        folder = prepare_scenes(home, data, lambda done, total: bars.update(bar, completed=done, total=total))
    console.print(f"Scenes ({data}): {folder}", soft_wrap=True, highlight=False)
