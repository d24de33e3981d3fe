"""Sizes of images: a square is told by the one number that it has, a rectangle by two."""

from __future__ import annotations

from typing import Any, TypeGuard

Side = int | tuple[int, int]
"""Pixels of a square's side, or (height, width) of a rectangle, which then differ."""


def height_width(side: Side) -> tuple[int, int]:
    """Both, in pixels."""
    return (side, side) if isinstance(side, int) else side


def as_side(height: int, width: int) -> Side:
    """The one way to say such a size."""
    return height if height == width else (height, width)


def is_side(value: Any, least: int, most: int) -> TypeGuard[Side]:
    """Whether a value from outside is one, of such numbers of pixels."""
    pair = value if isinstance(value, tuple) else (value, value)
    return len(pair) == 2 and all(type(each) is int and least <= each <= most for each in pair)
