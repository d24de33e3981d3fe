"""FashionScenes: the tensorflow-datasets builder. Importing this module imports tensorflow_datasets, never TensorFlow.

Splits are made before composing: training scenes draw from the first 50,000 items of Fashion-MNIST's train file,
validation scenes from its last 10,000, test scenes from its t10k file; backgrounds from three groups of photographs.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from tasks.data.compose import ItemPool, make_pool
from tasks.data.composed import generate, scene_features, scene_record
from tasks.data.fashion_mnist import CLASSES, T10K_FIRST, TRAIN_ITEMS, find_folder, read_items
from tasks.data.own_builder import OwnBuilder, OwnConfig
from tasks.data.settings import CONFIGS


class FashionScenes(OwnBuilder):
    """Fashion items over photographs: detection and segmentation on pictures of 96 x 96."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = tuple(OwnConfig(name=name, counts=counts) for name, counts in CONFIGS.items())

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description="Fashion-MNIST items, tinted and scaled, over crops of real photographs, with boxes and masks.",
            features=scene_features(CLASSES),
            homepage="https://github.com/zalandoresearch/fashion-mnist",
            disable_shuffling=True,
        )

    def _source(self, downloads: Path) -> Path:
        return find_folder(downloads)

    def _generate_examples(self, split: str, source: Path) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, scene in enumerate(generate(split, item_pool(split, source), self.counts)):
            yield index, scene_record(index, scene)
            self.report(split, index)


def item_pool(split: str, folder: Path) -> ItemPool:
    """Read the items that a split's scenes draw from; no two splits share one."""
    if split == "test":
        return make_pool(read_items(folder, "t10k"), slice(None), first_index=T10K_FIRST)
    chosen = slice(None, TRAIN_ITEMS) if split == "train" else slice(TRAIN_ITEMS, None)
    return make_pool(read_items(folder, "train"), chosen)
