"""The error that a caller's bad input raises."""

from __future__ import annotations


class AlgorithmInputError(ValueError):
    """Settings, a strategy, scores or a problem that cannot be used; one line naming it and what is allowed."""


def raised(error: BaseException) -> str:
    """What code of others raised, in a line, whatever it is."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # of a class of theirs
        text = ""
    return f"{type(error).__name__}: {text[:160]}" if text else type(error).__name__
