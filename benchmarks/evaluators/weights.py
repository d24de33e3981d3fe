"""What a training leaves where that was asked for: its weights, by orbax, what they are good for, and a drawing.

What they are good for is metrics.json, per_class.csv (a row a class) and confusion.csv (a row a true class, a column
for what it was taken for), all of the evaluated examples.

It lies in HOME/weights/DIGEST, the first digits of the trial's key.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.files import write_json, write_table
from benchmarks.store.records import Trial, TrialKey
from hw_model.files import write_whole
from tasks.data.store import one_at_a_time

if TYPE_CHECKING:
    from tasks.by_class import ByClass
    from tasks.task import Task
    from tasks.training import TrainState

WEIGHTS, METRICS, DRAWING = "weights", "metrics.json", "predictions.png"
BY_CLASS, CONFUSION = "per_class.csv", "confusion.csv"
"""What they are called in their folder."""


def kept_folder(home: Path, key: TrialKey) -> Path:
    """Where what a training leaves is kept."""
    return home / "weights" / key.digest[:16]


def is_kept(folder: Path) -> bool:
    """Whether all of it is there: the weights come last, whole or not at all."""
    return (folder / WEIGHTS).is_dir()


def keep(folder: Path, task: Task, trial: Trial, state: TrainState, examples: Any, predictions: Any) -> None:
    """Write a finished training's weights, its figures, and what it predicts of the first of these examples."""
    names = ("quality", "example_passes", "training_flops", "seconds", "created")
    figures = {name: getattr(trial, name) for name in names}
    write_json(folder / METRICS, figures | {"examples": len(examples.images), "made_by": vars(trial.provenance)})
    _write_by_class(folder, task.by_class(examples, predictions))
    task.draw_all(examples, predictions, folder / DRAWING)
    write_weights(folder / WEIGHTS, {"params": state.params, "batch_stats": state.batch_stats})


def _write_by_class(folder: Path, found: ByClass) -> None:
    import pandas as pd

    write_table(folder / BY_CLASS, pd.DataFrame(found.rows))
    confusion = pd.DataFrame(found.confusion, columns=list(found.names))
    confusion.insert(0, "true", found.names, allow_duplicates=True)
    write_table(folder / CONFUSION, confusion)


def write_weights(folder: Path, variables: Mapping[str, Any]) -> None:
    """Write a network's variables as an orbax checkpoint of that name, in place of one that is there.

    Safe to call from several processes at once, of two searches that train one network.
    """
    import orbax.checkpoint as ocp

    logging.getLogger("absl").setLevel(logging.WARNING)  # it tells of every file
    # all processes' orbax writes aside under one name
    with one_at_a_time(folder.parent, folder.name), ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(folder.absolute(), dict(variables), force=True)


def read_weights(folder: Path) -> dict[str, Any]:
    """The variables {"params", "batch_stats"} of a checkpoint, as NumPy arrays.

    Raises BenchmarkInputError where there is none, and where it cannot be read.
    """
    import jax
    import numpy as np
    import orbax.checkpoint as ocp

    logging.getLogger("absl").setLevel(logging.ERROR)
    if not folder.is_dir():
        raise BenchmarkInputError(f"{folder} is no folder; allowed: weights that `accelnas train --save` wrote")
    try:
        with ocp.StandardCheckpointer() as checkpointer:
            found = jax.tree.map(np.asarray, checkpointer.restore(folder.absolute()))
    except MemoryError:
        raise
    except Exception as error:  # damaged files make its reader raise nearly anything
        reason = " ".join(str(error).split())[:80]
        raise BenchmarkInputError(f"{folder} cannot be read ({reason}): delete the folder and train again") from error
    if not isinstance(found, dict) or not {"params", "batch_stats"} <= found.keys():
        raise BenchmarkInputError(f'{folder} holds other arrays; allowed: "params" and "batch_stats" of a network')
    return found


def copy_kept(kept: Path, folder: Path) -> None:
    """Copy what was kept into a folder, the weights last, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (METRICS, DRAWING, BY_CLASS, CONFUSION):
        if (kept / name).exists():  # the last two came later
            write_whole(folder / name, (kept / name).read_bytes())
    aside = folder / f".{WEIGHTS}.unfinished"
    with one_at_a_time(kept, WEIGHTS):  # which another process may write, or copy to the same folder
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(kept / WEIGHTS, aside)
        shutil.rmtree(folder / WEIGHTS, ignore_errors=True)
        aside.rename(folder / WEIGHTS)
