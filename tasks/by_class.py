"""What a quality comes to class by class, and what is taken for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class ByClass:
    """Of predictions for all examples of a split."""

    rows: list[dict[str, str | int | float]]
    """One a class, the first field its name; NaN where it is undefined, as for a class that does not occur."""
    names: tuple[str, ...]
    """Of the rows and columns of `confusion`."""
    confusion: np.ndarray
    """int64 [names, names]: how many of a true class (rows) were taken for a class (columns)."""


def shares(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Precision, recall and their harmonic mean (F1) of each class, in 0..1, float64; NaN for nothing."""
    right = np.diag(confusion).astype(np.float64)
    with np.errstate(invalid="ignore"):
        precision, recall = right / confusion.sum(0), right / confusion.sum(1)
        f1 = 2 * right / (confusion.sum(0) + confusion.sum(1))
    return precision, recall, f1


def rows_of(names: Sequence[str], **columns: Sequence[float] | np.ndarray) -> list[dict[str, str | int | float]]:
    """A row for each name, of the columns' values."""
    values = {column: np.asarray(each).tolist() for column, each in columns.items()}
    return [
        {"class": name} | {column: each[place] for column, each in values.items()} for place, name in enumerate(names)
    ]
