"""FashionScenes: the tensorflow-datasets builder. Importing this module imports tensorflow_datasets, never TensorFlow.

Splits are made before composing: training scenes draw from the first 50,000 items of Fashion-MNIST's train file,
validation scenes from its last 10,000, test scenes from its t10k file; backgrounds from three groups of photographs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from tasks.data.backgrounds import ALL_PHOTOGRAPHS, read_photographs
from tasks.data.compose import ItemPool, Scene, compose, make_pool
from tasks.data.fashion_mnist import CLASSES, find_folder, read_items
from tasks.data.settings import CONFIGS, SIDE, SPLITS, SceneCounts

TRAIN_ITEMS = 50_000
T10K_FIRST = 60_000  # items of the t10k file are named from here on, those of the train file by their place in it

Progress = Callable[[int, int], None]


@dataclass(eq=False, kw_only=True)
class FashionScenesConfig(tfds.core.BuilderConfig):
    """A size of the data set: scenes per split, and the seed of all of them."""

    counts: SceneCounts


class FashionScenes(tfds.core.GeneratorBasedBuilder):
    """Fashion items over photographs: detection and segmentation on pictures of 96 x 96."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = tuple(FashionScenesConfig(name=name, counts=counts) for name, counts in CONFIGS.items())

    def __init__(self, *, downloads: Path | None = None, progress: Progress | None = None, **kwargs: Any):
        """Besides the usual arguments: where to keep downloads, and a callback of (scenes done, scenes in all)."""
        self._downloads = downloads
        self._progress = progress
        super().__init__(**kwargs)

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

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        del dl_manager  # what it would manage, find_folder finds
        folder = find_folder(self._downloads or Path(self.data_dir))
        return {split: self._generate_examples(split, folder) for split in SPLITS}

    def _generate_examples(self, split: str, folder: Path) -> Iterator[tuple[int, dict[str, Any]]]:
        assert isinstance(self.builder_config, FashionScenesConfig)
        counts = self.builder_config.counts
        pool = item_pool(split, folder)
        before = sum(counts.of(earlier) for earlier in SPLITS[: SPLITS.index(split)])
        for index, scene in enumerate(generate(split, pool, counts)):
            yield index, _example(index, scene)
            if self._progress is not None:
                self._progress(before + index + 1, counts.total)


def item_pool(split: str, folder: Path) -> ItemPool:
    """Read the items that a split's scenes draw from; no two splits share one."""
    if split == "test":
        return make_pool(read_items(folder, "t10k"), slice(None), first_index=T10K_FIRST)
    chosen = slice(None, TRAIN_ITEMS) if split == "train" else slice(TRAIN_ITEMS, None)
    return make_pool(read_items(folder, "train"), chosen)


def generate(split: str, pool: ItemPool, counts: SceneCounts) -> Iterator[Scene]:
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
