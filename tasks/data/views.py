"""Records of tensorflow-datasets' catalogue as our arrays: images resized to 96 x 96, whatever shape they had."""

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from tasks.data.labelled import LabelledImages
from tasks.data.pools import extents
from tasks.data.scenes import IGNORED, Scenes, empty_scenes
from tasks.data.settings import SIDE

MOST_VOC_OBJECTS = 32  # of an image with more, the largest are kept

View = Callable[[int, Any], Scenes | LabelledImages]
Objects = list[tuple[np.ndarray, int]]  # boxes, ymin, xmin, ymax, xmax in 0..1, and labels

_TRIMAP = np.full(256, IGNORED, np.uint8)  # the files' values: 1 pet, 2 background, 3 border
_TRIMAP[1:3] = 1, 0


def _image(example: dict[str, Any]) -> np.ndarray:
    return np.asarray(Image.fromarray(example["image"]).resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def labelled_by(feature: str) -> View:
    """Images labelled by a ClassLabel feature."""

    def view(n: int, examples: Any) -> LabelledImages:
        images, labels = np.empty((n, SIDE, SIDE, 3), np.uint8), np.empty(n, np.int32)
        for row, example in enumerate(examples):
            images[row], labels[row] = _image(example), example[feature]
        return LabelledImages(images, labels, np.empty(n, np.int64))

    return view


def heads(n: int, examples: Any) -> Scenes:
    """Pets' head boxes, labelled by species; an image without one has no object. Masks are all ignored."""
    return _boxed(n, examples, 1, lambda example: [(example["head_bbox"], example["species"])])


def voc_objects(n: int, examples: Any) -> Scenes:
    """VOC's objects that are not difficult, the largest first. Masks are all ignored."""

    def objects(example: dict[str, Any]) -> Objects:
        of = example["objects"]
        every = zip(of["bbox"], of["label"], of["is_difficult"], strict=False)  # mock data's lengths differ
        return [(box, label) for box, label, difficult in every if not difficult]

    return _boxed(n, examples, MOST_VOC_OBJECTS, objects)


def _boxed(n: int, examples: Any, most: int, objects: Callable[[dict[str, Any]], Objects]) -> Scenes:
    scenes = empty_scenes(n, most)
    scenes.instances[:] = IGNORED  # what else is in a box, and whether anything is outside them, is not known
    for row, example in enumerate(examples):
        scenes.images[row] = _image(example)
        found = [(_area(box), box, label) for box, label in objects(example) if _area(box) > 0]
        for k, (_, box, label) in enumerate(sorted(found, key=lambda one: -one[0])[:most]):
            scenes.boxes[row, k], scenes.labels[row, k] = box, label
    return scenes


def _area(box: np.ndarray) -> float:
    ymin, xmin, ymax, xmax = (float(edge) for edge in box)
    return max(0.0, ymax - ymin) * max(0.0, xmax - xmin)


def trimaps(n: int, examples: Any) -> Scenes:
    """Pets' silhouettes, labelled by species, with the boxes around them; the border of the trimap is ignored."""
    scenes = empty_scenes(n, 1)
    for row, example in enumerate(examples):
        scenes.images[row] = _image(example)
        trimap = Image.fromarray(example["segmentation_mask"][..., 0]).resize((SIDE, SIDE), Image.Resampling.NEAREST)
        scenes.instances[row] = _TRIMAP[np.asarray(trimap)]
        inside = scenes.instances[row] == 1
        if inside.any():
            scenes.boxes[row, 0] = extents(inside[None])[0] / np.float32(SIDE)
            scenes.labels[row, 0] = example["species"]
    return scenes
