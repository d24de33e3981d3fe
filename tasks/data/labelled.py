"""Pictures with one label each as plain arrays, and FashionItems: Fashion-MNIST in splits like those of its scenes."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from tasks.data.checksums import PINNED_ITEMS
from tasks.data.settings import ITEM_CONFIGS, ITEM_SIDE, ITEMS_IN_A_RECORD
from tasks.data.store import Store


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """N pictures: images uint8[N, S, S, C] (C 1 for grey, 3 for colour), labels int32[N] from 0, ids int64[N]."""

    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, chosen: slice | np.ndarray) -> "LabelledImages":
        """Return some of the pictures: a slice (views, nothing copied), or an array of positions or of bools."""
        return LabelledImages(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


def _gather(n: int, examples: Iterator[dict[str, Any]]) -> LabelledImages:
    images = np.empty((n, ITEMS_IN_A_RECORD, ITEM_SIDE, ITEM_SIDE, 1), np.uint8)
    labels = np.empty((n, ITEMS_IN_A_RECORD), np.int32)
    ids = np.empty((n, ITEMS_IN_A_RECORD), np.int64)
    for row, example in enumerate(examples):
        images[row] = example["images"]
        labels[row] = example["labels"]
        ids[row] = example["ids"]
    return LabelledImages(images.reshape(-1, *images.shape[2:]), labels.ravel(), ids.ravel())


def _fashion_items() -> Any:
    from tasks.data.fashion_items import FashionItems

    return FashionItems


FASHION_ITEMS = Store(
    title="FashionItems",
    counts=ITEM_CONFIGS,
    pinned=PINNED_ITEMS,
    builder=_fashion_items,
    gather=_gather,
    remedy="report it: the source's own checksums were right",
)
