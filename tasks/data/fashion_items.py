"""FashionItems: the tensorflow-datasets builder of Fashion-MNIST (Xiao, Rasul and Vollgraf, arXiv:1708.07747).

Training items are the first 50,000 of the train file, validation items its last 10,000, test items the t10k file. Each
record holds 100 of them: 10,000 items took 0.6 to 1.6 s to read one by one (zlib, raw, PNG), 0.05 s by the hundred.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from tasks.data.fashion_mnist import CLASSES, T10K_FIRST, TRAIN_ITEMS, find_folder, read_items
from tasks.data.own_builder import OwnBuilder, OwnConfig
from tasks.data.settings import ITEM_CONFIGS, ITEM_SIDE, ITEMS_IN_A_RECORD


class FashionItems(OwnBuilder):
    """Fashion-MNIST's grey items: classification on pictures of 28 x 28."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = tuple(OwnConfig(name=name, counts=counts) for name, counts in ITEM_CONFIGS.items())

    def _info(self) -> tfds.core.DatasetInfo:
        shape = (ITEMS_IN_A_RECORD, ITEM_SIDE, ITEM_SIDE, 1)
        return tfds.core.DatasetInfo(
            builder=self,
            description=f"Fashion-MNIST in records of {ITEMS_IN_A_RECORD} items; classes: {', '.join(CLASSES)}.",
            features=tfds.features.FeaturesDict(
                {
                    "images": tfds.features.Tensor(shape=shape, dtype=np.uint8, encoding="zlib"),
                    "labels": tfds.features.Tensor(shape=shape[:1], dtype=np.int64),
                    "ids": tfds.features.Tensor(shape=shape[:1], dtype=np.int64),
                }
            ),
            homepage="https://github.com/zalandoresearch/fashion-mnist",
            disable_shuffling=True,
        )

    def _source(self, downloads: Path) -> Path:
        return find_folder(downloads)

    def _generate_examples(self, split: str, source: Path) -> Iterator[tuple[int, dict[str, Any]]]:
        items = read_items(source, "t10k" if split == "test" else "train")
        first_in_file = TRAIN_ITEMS if split == "validation" else 0
        first_id = T10K_FIRST if split == "test" else first_in_file
        for record in range(self.counts.of(split)):
            places = np.arange(record * ITEMS_IN_A_RECORD, (record + 1) * ITEMS_IN_A_RECORD)
            yield (
                record,
                {
                    "images": items.images[first_in_file + places][..., None],
                    "labels": items.labels[first_in_file + places].astype(np.int64),
                    "ids": first_id + places,
                },
            )
            self.report(split, record)
