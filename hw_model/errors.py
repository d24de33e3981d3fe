"""The error that a caller's bad input raises."""

from __future__ import annotations


class HardwareInputError(ValueError):
    """A block, accelerator or cache that cannot be used; the message is one line naming it and what is allowed."""


def raised(error: BaseException) -> str:
    """What was raised, in a line, whatever it is."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # of a user's class
        text = ""
    return f"{type(error).__name__}: {text[:160]}" if text else type(error).__name__


def short(value: object, most: int = 40) -> str:
    """The value as Python writes it, or the beginning of that; whatever it is."""
    try:
        text = repr(value)
    except Exception:  # of a user's class, or of a whole number of thousands of digits
        text = f"a {type(value).__name__}"
    return text if len(text) <= most else text[: most - 3] + "..."
