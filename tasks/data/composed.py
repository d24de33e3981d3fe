"""What the builders of composed scenes have in common: their features, and a scene as a record of them."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from tasks.data.backgrounds import ALL_PHOTOGRAPHS, read_photographs
from tasks.data.compose import Pool, Scene, compose
from tasks.data.settings import SIDE, SPLITS, SplitCounts


def scene_features(classes: Sequence[str]) -> tfds.features.FeaturesDict:
    """The features of a composed scene whose objects are of these classes."""
    return tfds.features.FeaturesDict(
        {
            "id": tfds.features.Scalar(np.int64),
            "image": tfds.features.Tensor(shape=(SIDE, SIDE, 3), dtype=np.uint8, encoding="bytes"),
            # 0 background, 1 + k where object k is seen
            "instances": tfds.features.Tensor(shape=(SIDE, SIDE), dtype=np.uint8, encoding="zlib"),
            "objects": tfds.features.Sequence(
                {
                    "bbox": tfds.features.BBoxFeature(),
                    "label": tfds.features.ClassLabel(names=classes),
                    "item": tfds.features.Scalar(np.int64),
                }
            ),
            "photograph": tfds.features.ClassLabel(names=ALL_PHOTOGRAPHS),
        }
    )


def generate(split: str, pool: Pool, counts: SplitCounts) -> Iterator[Scene]:
    """Compose the scenes of a split in the order of their ids, each from a generator of its own."""
    photographs = read_photographs(split)
    for index in range(counts.of(split)):
        seed = np.random.SeedSequence(counts.seed, spawn_key=(SPLITS.index(split), index))
        yield compose(pool, photographs, np.random.default_rng(seed))


def scene_record(index: int, scene: Scene) -> dict[str, Any]:
    """A scene as the record that ``scene_features`` describe; ``index`` is its place in its split."""
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
