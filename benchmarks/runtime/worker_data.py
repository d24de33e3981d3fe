"""What each worker process keeps of a task: its data, read once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.task import Task


@dataclass(frozen=True)
class WorkerData:
    """What each worker keeps."""

    task: Task
    splits: dict[tuple[str, str], Any]
    """Examples by (configuration, split)."""


def load_worker_data(
    home: Path, task: Task, wanted: tuple[tuple[str, str], ...], compilation_cache: Path
) -> WorkerData:
    """Read the splits once.  Raises TaskInputError for data that are missing or damaged."""
    import jax

    # trainings of one architecture share their compilation, whichever worker and run they are in; jax's own variables,
    # such as JAX_COMPILATION_CACHE_DIR, go before
    if jax.config.values["jax_compilation_cache_dir"] is None:
        jax.config.update("jax_compilation_cache_dir", str(compilation_cache))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
    return WorkerData(task, {(data, split): task.load(home, data, split) for data, split in wanted})
