"""The data sets that this package writes itself, by name.

    fashion_items    Fashion-MNIST's grey items, 28 x 28
    fashion_objects  one of them a colour image of 64 x 64, tinted and scaled, over a photograph
    fashion_scenes   one to four of them an image of 96 x 96, with boxes and masks
    photo_objects    cut-outs of photographs over photographs, 96 x 96, to which results on fashion_scenes transfer

Splits are made before composing: training images draw from the first 50,000 items of Fashion-MNIST's train file,
validation images from its last 10,000, test images from its t10k file; stamps and photographs are divided likewise.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from tasks.data import fashion_mnist, stamps
from tasks.data.checksums import PILLOW_MAJOR, PINNED, STAMPS_VERSION
from tasks.data.compose import Recipe, SceneRules, compose_rows, put_image, put_scene
from tasks.data.labelled import ComposedImages, LabelledImages, empty_composed_images, empty_images
from tasks.data.photographs import find_photographs
from tasks.data.scenes import Scenes, empty_scenes
from tasks.data.settings import ITEM_SIDE, OBJECT_SIDE, SIDE, SplitCounts
from tasks.data.store import DatasetStore, Progress, allowed

_OBJECT_RULES = SceneRules(side=OBJECT_SIDE, most_objects=1, item_low=20, item_high=56)

RECIPES: Mapping[str, Recipe] = {
    "fashion_objects": Recipe(
        fashion_mnist.item_pool, partial(empty_composed_images, side=OBJECT_SIDE), put_image, _OBJECT_RULES
    ),
    "fashion_scenes": Recipe(fashion_mnist.item_pool, empty_scenes, put_scene),
    "photo_objects": Recipe(stamps.stamp_pool, empty_scenes, put_scene),
}


def _counts(seed: int, **sizes: tuple[int, int, int]) -> dict[str, SplitCounts]:
    return {config: SplitCounts(*counts, seed=seed) for config, counts in sizes.items()}


def _read_items(home: Path, split: str, counts: SplitCounts, progress: Progress, workers: int) -> LabelledImages:
    del workers  # reading takes a second
    pool = fashion_mnist.item_pool(split, fashion_mnist.find_folder(home))
    n = counts.of(split)
    progress(n, n)
    return LabelledImages(
        images=pool.grey[:n, ..., None], labels=pool.labels[:n].astype(np.int32), ids=pool.indices[:n].astype(np.int64)
    )


def _compose(
    recipe: Recipe,
    find_objects: Callable[[Path], Path],
    home: Path,
    split: str,
    counts: SplitCounts,
    progress: Progress,
    workers: int,
) -> Scenes | ComposedImages:
    objects, photographs = find_objects(home), find_photographs(home)
    return compose_rows(recipe, split, counts.seed, counts.of(split), objects, photographs, workers, progress)


FASHION_ITEMS = DatasetStore(
    name="fashion_items",
    class_names=fashion_mnist.CLASSES,
    side_pixels=ITEM_SIDE,
    channels=1,
    counts=_counts(
        0,
        tiny=(300, 100, 100),
        smoke=(1_000, 200, 200),
        quick=(50_000, 10_000, 10_000),
        full=(50_000, 10_000, 10_000),
    ),
    pinned=PINNED["fashion_items"],
    make=_read_items,
    empty=partial(empty_images, side=ITEM_SIDE, channels=1),
    remedy="report it: the source's own checksums were right",
)

FASHION_OBJECTS = DatasetStore(
    name="fashion_objects",
    class_names=fashion_mnist.CLASSES,
    side_pixels=OBJECT_SIDE,
    channels=3,
    counts=_counts(
        20_240_603,
        tiny=(300, 100, 100),
        smoke=(1_000, 200, 200),
        quick=(20_000, 4_000, 4_000),
        full=(50_000, 10_000, 10_000),
    ),
    pinned=PINNED["fashion_objects"],
    make=partial(_compose, RECIPES["fashion_objects"], fashion_mnist.find_folder),
    empty=RECIPES["fashion_objects"].empty,
    remedy=f"install pillow {PILLOW_MAJOR}.x, with which the expected content was composed",
)

FASHION_SCENES = DatasetStore(
    name="fashion_scenes",
    release="2.1.0",
    class_names=fashion_mnist.CLASSES,
    side_pixels=SIDE,
    channels=3,
    counts=_counts(
        20_240_601,
        tiny=(24, 12, 12),
        smoke=(512, 128, 128),
        quick=(20_000, 2_000, 2_000),
        full=(60_000, 5_000, 5_000),
    ),
    pinned=PINNED["fashion_scenes"],
    make=partial(_compose, RECIPES["fashion_scenes"], fashion_mnist.find_folder),
    empty=empty_scenes,
    remedy=f"install pillow {PILLOW_MAJOR}.x, with which the expected content was composed",
)

PHOTO_OBJECTS = DatasetStore(
    name="photo_objects",
    release="2.1.0",
    class_names=stamps.CLASSES,
    side_pixels=SIDE,
    channels=3,
    counts=_counts(20_240_602, tiny=(24, 12, 12), smoke=(512, 128, 128), quick=(20_000, 2_000, 2_000)),
    pinned=PINNED["photo_objects"],
    make=partial(_compose, RECIPES["photo_objects"], stamps.find_stamps),
    empty=empty_scenes,
    remedy=f"install pillow {PILLOW_MAJOR}.x and tuxpaint-stamps-default {STAMPS_VERSION}, with which the expected "
    "content was composed",
)

OWN_DATASETS: Mapping[str, DatasetStore] = {
    store.name: store for store in (FASHION_ITEMS, FASHION_OBJECTS, FASHION_SCENES, PHOTO_OBJECTS)
}


def compose_split(
    name: str,
    config: str,
    split: str,
    objects: Path,
    photographs: Path,
    workers: int = 1,
    progress: Progress | None = None,
) -> Scenes | ComposedImages:
    """Compose a split into memory, without preparing it: what ``DatasetStore.load`` would give, and verified like it.

    Needs numpy, scipy and pillow only.

    Args:
        name: a key of RECIPES.
        config: a size of that data set.
        split: train, validation or test.
        objects: the folder of Fashion-MNIST's four files; for photo_objects that of the stamps.
        photographs: the file that ``find_photographs`` writes.
        workers: processes; with more than one, the caller's script must be guarded by ``if __name__ == "__main__"``.
        progress: called as ``progress(images done, images in all)``.

    Raises:
        TaskInputError: unknown name, config or split, a source is missing or damaged, or the content is not what is
            pinned.
    """
    allowed("nothing composes data set", name, RECIPES)
    store = OWN_DATASETS[name]
    store.check_split(config, split)
    counts = store.counts[config]
    arrays = compose_rows(RECIPES[name], split, counts.seed, counts.of(split), objects, photographs, workers, progress)
    store.verify(arrays, config, split)
    return arrays
