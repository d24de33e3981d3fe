"""Images with one label each, as plain arrays."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """N images of S x S pixels with one label each."""

    images: np.ndarray
    """uint8[N, S, S, C], C 1 for grey and 3 for colour."""
    labels: np.ndarray
    """int32[N], from 0."""
    ids: np.ndarray
    """int64[N], what an image is called within its data set or split."""

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, chosen: slice | np.ndarray) -> Self:
        """Return some of the images: a slice (views, nothing copied), or an array of positions or of bools."""
        return type(self)(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


@dataclass(frozen=True, eq=False)
class ComposedImages(LabelledImages):
    """Labelled images that were composed of an item and a photograph."""

    items: np.ndarray
    """int32[N], the index of the item in all splits' pools."""
    photographs: np.ndarray
    """int32[N], the index of the photograph in tasks.data.photographs.ALL_PHOTOGRAPHS."""


def empty_images(n: int, side: int, channels: int) -> LabelledImages:
    """N images and their labels and ids, yet to be filled in."""
    return LabelledImages(
        np.empty((n, side, side, channels), np.uint8), labels=np.empty(n, np.int32), ids=np.empty(n, np.int64)
    )


def empty_composed_images(n: int, side: int) -> ComposedImages:
    """N colour images and all that is known of them, yet to be filled in."""
    of = empty_images(n, side, 3)
    return ComposedImages(of.images, of.labels, of.ids, items=np.empty(n, np.int32), photographs=np.empty(n, np.int32))
