"""Checkpoints of a supernet's training, by orbax: a run stopped at any moment goes on to the same final state."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Self

import jax

from nas_algos.errors import AlgorithmInputError

KEPT = 2


class Checkpoints:
    """Those of one run, the last KEPT of them, in a folder; a context manager.

    Each is the algorithm's state, arrays bit for bit, and a record: plain values as JSON has them.  A checkpoint that
    was interrupted while it was written is not seen.
    """

    def __init__(self, folder: Path):
        import orbax.checkpoint as ocp  # takes a second, which who only lists algorithms need not pay

        logging.getLogger("absl").setLevel(logging.WARNING)  # it tells of every file
        self._ocp = ocp
        self._folder = folder.absolute()
        options = ocp.CheckpointManagerOptions(max_to_keep=KEPT, enable_async_checkpointing=False, create=True)
        self._manager = ocp.CheckpointManager(self._folder, options=options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._manager.close()

    def save(self, step: int, state: Any, record: dict[str, Any]) -> None:
        """Write what is known after so many steps; returns when it is on the disk."""
        args = self._ocp.args
        self._manager.save(
            step, args=args.Composite(state=args.StandardSave(state), record=args.JsonSave(record)), force=True
        )

    def latest(self, template: Any, identity: str) -> tuple[int, Any, dict[str, Any]] | None:
        """Steps, state and record of the last checkpoint, None if there is none.

        template: a state of the same structure.  identity: what the record must hold under that name.
        Raises AlgorithmInputError for checkpoints of another run.
        """
        step = self._manager.latest_step()
        if step is None:
            return None
        args = self._ocp.args
        record = self._manager.restore(step, args=args.Composite(record=args.JsonRestore()))["record"]
        if record.get("identity") != identity:
            raise AlgorithmInputError(
                f"{self._folder} holds checkpoints of another run; allowed: an empty folder, or the same settings"
            )
        shapes = jax.tree.map(self._ocp.utils.to_shape_dtype_struct, template)
        restored = self._manager.restore(step, args=args.Composite(state=args.StandardRestore(shapes)))
        return step, restored["state"], record
