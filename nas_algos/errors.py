"""The error that a caller's bad input raises, and that of a search which found nothing."""

from __future__ import annotations

from typing import Any


class AlgorithmInputError(ValueError):
    """Settings, a strategy, scores or a problem that cannot be used; one line naming it and what is allowed."""


class NothingFoundError(RuntimeError):
    """A search with a supernet that is trained and has no network to give out; one line says why."""

    def __init__(self, found: Any):
        """found: what it looked at, a `nas_algos.trajectory.Found` without a best one, whose `ended` says why."""
        super().__init__(found)
        self.found = found

    def __str__(self) -> str:
        return str(self.found.ended)


def raised(error: BaseException) -> str:
    """What code of others raised, in a line, whatever it is."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # of a class of theirs
        text = ""
    return f"{type(error).__name__}: {text[:160]}" if text else type(error).__name__
