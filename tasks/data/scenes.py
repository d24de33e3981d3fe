"""Pictures with objects as plain arrays, and the two data sets of them that are composed here.

    prepare(home, "quick")
    scenes = load_scenes(home, "quick", "train")

Importing this module imports neither TensorFlow nor tensorflow_datasets.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tasks.data.checksums import PILLOW_MAJOR, PINNED, PINNED_PHOTO_OBJECTS, STAMPS_VERSION
from tasks.data.settings import CONFIGS, MOST_OBJECTS, PHOTO_CONFIGS, SIDE
from tasks.data.store import Progress, Store

IGNORED = 255  # in Scenes.instances and Scenes.masks: a pixel that counts neither as background nor as an object


@dataclass(frozen=True, eq=False)
class Scenes:
    """N scenes in the order of their ids, padded to M objects each; S pixels to a side.

    images uint8[N, S, S, 3]; boxes float32[N, M, 4] as ymin, xmin, ymax, xmax in 0..1, zero where there is no object;
    labels int32[N, M] from 0, -1 where there is none; instances uint8[N, S, S], 0 for background, 1 + k where object k
    is seen, 255 where the data set does not say; ids int64[N]. Where composed scenes come from, -1 in all others:
    items int32[N, M] (-1 for none) and photographs int32[N], the index into tasks.data.backgrounds.ALL_PHOTOGRAPHS.
    """

    images: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    instances: np.ndarray
    ids: np.ndarray
    items: np.ndarray
    photographs: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def masks(self) -> np.ndarray:
        """Semantic masks uint8[N, S, S]: 0 for background, 255 for ignored pixels, 1 + label elsewhere."""
        values = np.zeros((len(self), IGNORED + 1), np.uint8)
        values[:, 1 : 1 + self.labels.shape[1]] = self.labels + 1
        values[:, IGNORED] = IGNORED
        masks = np.empty_like(self.instances)
        for lookup, instances, mask in zip(values, self.instances, masks, strict=True):
            np.take(lookup, instances, out=mask)
        return masks

    def take(self, chosen: slice | np.ndarray) -> "Scenes":
        """Return some of the scenes: a slice (views, nothing copied), or an array of positions or of bools."""
        return Scenes(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


def empty_scenes(n: int, most_objects: int = MOST_OBJECTS) -> Scenes:
    """N scenes without objects, images and instances yet to be filled in."""
    return Scenes(
        images=np.empty((n, SIDE, SIDE, 3), np.uint8),
        boxes=np.zeros((n, most_objects, 4), np.float32),
        labels=np.full((n, most_objects), -1, np.int32),
        instances=np.empty((n, SIDE, SIDE), np.uint8),
        ids=np.empty(n, np.int64),
        items=np.full((n, most_objects), -1, np.int32),
        photographs=np.full(n, -1, np.int32),
    )


def gather_scenes(n: int, examples: Iterator[dict[str, Any]]) -> Scenes:
    """Put n examples, as tasks.data.composed writes them, into arrays."""
    scenes = empty_scenes(n)
    for row, example in enumerate(examples):
        objects = example["objects"]
        k = len(objects["label"])
        scenes.images[row] = example["image"]
        scenes.boxes[row, :k] = objects["bbox"]
        scenes.labels[row, :k] = objects["label"]
        scenes.instances[row] = example["instances"]
        scenes.ids[row] = example["id"]
        scenes.items[row, :k] = objects["item"]
        scenes.photographs[row] = example["photograph"]
    return scenes


def _fashion_scenes() -> Any:
    from tasks.data.fashion_scenes import FashionScenes

    return FashionScenes


def _photo_objects() -> Any:
    from tasks.data.photo_objects import PhotoObjects

    return PhotoObjects


FASHION_SCENES = Store(
    title="FashionScenes",
    counts=CONFIGS,
    pinned=PINNED,
    builder=_fashion_scenes,
    gather=gather_scenes,
    remedy=f"install pillow {PILLOW_MAJOR}.x, with which the expected content was composed",
)

PHOTO_OBJECTS = Store(
    title="PhotoObjects",
    counts=PHOTO_CONFIGS,
    pinned=PINNED_PHOTO_OBJECTS,
    builder=_photo_objects,
    gather=gather_scenes,
    remedy=f"install pillow {PILLOW_MAJOR}.x and tuxpaint-stamps-default {STAMPS_VERSION}, with which the expected "
    "content was composed",
)


def prepare(home: Path, config: str, progress: Progress | None = None) -> Path:
    """Compose and write FashionScenes, unless it is there; return its folder: see tasks.data.store.Store.prepare."""
    return FASHION_SCENES.prepare(home, config, progress)


def load_scenes(home: Path, config: str, split: str) -> Scenes:
    """Load a split of FashionScenes and verify its checksum (quick/train: 20,000 scenes, 0.75 GB, seconds).

    Raises:
        TaskInputError: unknown config or split, not prepared, a damaged file, or the content is not what is pinned.
    """
    return FASHION_SCENES.load(home, config, split)
