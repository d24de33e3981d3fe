"""FashionScenes: the tensorflow-datasets builder. Importing this module imports tensorflow_datasets, never TensorFlow.

Splits are made before composing: training scenes draw from the first 50,000 items of Fashion-MNIST's train file,
validation scenes from its last 10,000, test scenes from its t10k file; backgrounds from three groups of photographs.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from tasks.data.backgrounds import ALL_PHOTOGRAPHS, read_photographs
from tasks.data.compose import ItemPool, Scene, compose, make_pool
from tasks.data.fashion_mnist import CLASSES, T10K_FIRST, TRAIN_ITEMS, find_folder, read_items
from tasks.data.own_builder import OwnBuilder, OwnConfig
from tasks.data.settings import CONFIGS, SIDE, SPLITS, SplitCounts


class FashionScenes(OwnBuilder):
    """Fashion items over photographs: detection and segmentation on pictures of 96 x 96."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = tuple(OwnConfig(name=name, counts=counts) for name, counts in CONFIGS.items())

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description="Fashion-MNIST items, tinted and scaled, over crops of real photographs, with boxes and masks.",
            features=tfds.features.FeaturesDict(
                {
                    "id": tfds.features.Scalar(np.int64),
                    "image": tfds.features.Tensor(shape=(SIDE, SIDE, 3), dtype=np.uint8, encoding="bytes"),
                    # 0 background, 1 + k where object k is seen
                    "instances": tfds.features.Tensor(shape=(SIDE, SIDE), dtype=np.uint8, encoding="zlib"),
                    "objects": tfds.features.Sequence(
                        {
                            "bbox": tfds.features.BBoxFeature(),
                            "label": tfds.features.ClassLabel(names=CLASSES),
                            "item": tfds.features.Scalar(np.int64),
                        }
                    ),
                    "photograph": tfds.features.ClassLabel(names=ALL_PHOTOGRAPHS),
                }
            ),
            homepage="https://github.com/zalandoresearch/fashion-mnist",
            disable_shuffling=True,
        )

    def _source(self, downloads: Path) -> Path:
        return find_folder(downloads)

    def _generate_examples(self, split: str, folder: Path) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, scene in enumerate(generate(split, item_pool(split, folder), self.counts)):
            yield index, _example(index, scene)
            self.report(split, index)


def item_pool(split: str, folder: Path) -> ItemPool:
    """Read the items that a split's scenes draw from; no two splits share one."""
    if split == "test":
        return make_pool(read_items(folder, "t10k"), slice(None), first_index=T10K_FIRST)
    chosen = slice(None, TRAIN_ITEMS) if split == "train" else slice(TRAIN_ITEMS, None)
    return make_pool(read_items(folder, "train"), chosen)


def generate(split: str, pool: ItemPool, counts: SplitCounts) -> Iterator[Scene]:
    """Compose the scenes of a split in the order of their ids, each from a generator of its own."""
    photographs = read_photographs(split)
    for index in range(counts.of(split)):
        seed = np.random.SeedSequence(counts.seed, spawn_key=(SPLITS.index(split), index))
        yield compose(pool, photographs, np.random.default_rng(seed))


def _example(index: int, scene: Scene) -> dict[str, Any]:
    boxes = (scene.boxes / scene.image.shape[0]).astype(np.float32)
    return {
        "id": index,
        "image": scene.image,
        "instances": scene.instances,
        "objects": [
            {"bbox": box, "label": int(label), "item": int(item)}
            for box, label, item in zip(boxes, scene.labels, scene.items, strict=True)
        ],
        "photograph": scene.photograph,
    }
