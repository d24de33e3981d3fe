"""Fashion-MNIST prepared for classification: its items as they are, and over photographs."""

import errno
import hashlib
import os
import re
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds

from tasks.data.fashion_mnist import CONTENT_SHA256, find_folder, item_pool
from tasks.data.labelled import ComposedImages, LabelledImages
from tasks.data.own_datasets import FASHION_ITEMS, FASHION_OBJECTS, compose_split
from tasks.data.photographs import ALL_PHOTOGRAPHS, PHOTOGRAPHS, find_photographs
from tasks.data.settings import SPLITS
from tasks.data.store import content_checksum
from tasks.errors import TaskInputError


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    for config in ("tiny", "quick"):
        FASHION_ITEMS.prepare(home, config)
    return home


@pytest.fixture(scope="module")
def tiny(home: Path) -> dict[str, LabelledImages]:
    return {split: FASHION_ITEMS.load(home, "tiny", split) for split in SPLITS}


@pytest.fixture(scope="module")
def quick(home: Path) -> dict[str, LabelledImages]:
    return {split: FASHION_ITEMS.load(home, "quick", split) for split in SPLITS}


@pytest.mark.parametrize("error", [MemoryError("Unable to allocate 7 GiB"), OSError(errno.EMFILE, "Too many open")])
def test_want_of_memory_or_open_files_is_not_said_to_be_damage(home: Path, monkeypatch, error: Exception) -> None:
    def fail(*given: object) -> None:
        raise error

    monkeypatch.setattr(tfds, "builder_from_directory", fail)
    with pytest.raises(type(error), match=str(error.args[-1])):
        FASHION_ITEMS.load(home, "tiny", "test")


def test_put_together_again_the_splits_are_the_files_that_were_published(quick: dict[str, LabelledImages]) -> None:
    for part, splits in (("train", ("train", "validation")), ("t10k", ("test",))):
        images = b"".join(quick[split].images.tobytes() for split in splits)
        labels = b"".join(quick[split].labels.astype(np.uint8).tobytes() for split in splits)
        n = len(labels)
        images_file = struct.pack(">IIII", 0x803, n, 28, 28) + images
        labels_file = struct.pack(">II", 0x801, n) + labels
        assert hashlib.sha256(images_file).hexdigest() == CONTENT_SHA256[f"{part}-images-idx3-ubyte.gz"]
        assert hashlib.sha256(labels_file).hexdigest() == CONTENT_SHA256[f"{part}-labels-idx1-ubyte.gz"]


def test_splits_have_their_sizes_and_ids_that_no_other_has(quick: dict[str, LabelledImages]) -> None:
    assert [len(quick[split]) for split in SPLITS] == [50_000, 10_000, 10_000]
    np.testing.assert_array_equal(np.concatenate([quick[split].ids for split in SPLITS]), np.arange(70_000))


def test_smaller_configs_hold_the_first_items_of_each_split(
    tiny: dict[str, LabelledImages], quick: dict[str, LabelledImages]
) -> None:
    assert [len(tiny[split]) for split in SPLITS] == [300, 100, 100]
    for split in SPLITS:
        first = quick[split].take(slice(len(tiny[split])))
        for field in ("images", "labels", "ids"):
            found, expected = getattr(tiny[split], field), getattr(first, field)
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)
        assert set(tiny[split].labels) == set(range(10))


def test_shapes_and_types_are_those_documented(tiny: dict[str, LabelledImages]) -> None:
    train = tiny["train"]
    assert (train.images.shape, train.images.dtype) == ((300, 28, 28, 1), np.uint8)
    assert (train.labels.shape, train.labels.dtype) == ((300,), np.int32)
    assert (train.ids.shape, train.ids.dtype) == ((300,), np.int64)


def test_taking_by_position_keeps_images_labels_and_ids_together(tiny: dict[str, LabelledImages]) -> None:
    some = tiny["train"].take(np.array([7, 3]))
    np.testing.assert_array_equal(some.ids, [7, 3])
    for row, place in enumerate((7, 3)):
        np.testing.assert_array_equal(some.images[row], tiny["train"].images[place])
        assert some.labels[row] == tiny["train"].labels[place]


def test_taking_a_class_that_is_missing_leaves_nothing(tiny: dict[str, LabelledImages]) -> None:
    none = tiny["test"].take(tiny["test"].labels == 10)
    assert len(none) == 0
    assert none.images.shape == (0, 28, 28, 1)


def test_a_truncated_file_is_named(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "data" / "fashion_items" / "tiny", tmp_path / "data" / "fashion_items" / "tiny")
    file = next(tmp_path.rglob("*-validation.array_record-*"))
    os.truncate(file, file.stat().st_size // 2)
    with pytest.raises(TaskInputError, match=rf"{re.escape(str(file))} is damaged .*: delete .* and prepare") as raised:
        FASHION_ITEMS.load(tmp_path, "tiny", "validation")
    assert "\n" not in str(raised.value)


def test_items_of_another_split_are_refused(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "data" / "fashion_items" / "tiny", tmp_path / "data" / "fashion_items" / "tiny")
    other, file = (next(tmp_path.rglob(f"*-{split}.array_record-*")) for split in ("test", "validation"))
    shutil.copyfile(other, file)
    with pytest.raises(TaskInputError, match=r"fashion_items tiny/validation has content .* expected "):
        FASHION_ITEMS.load(tmp_path, "tiny", "validation")


@pytest.mark.parametrize(
    ("config", "split", "message"),
    [("tiny", "train", "tiny is not prepared in"), ("huge", "train", "allowed: tiny"), ("tiny", "dev", "allowed: tr")],
)
def test_what_cannot_be_loaded_is_said_in_one_line(tmp_path: Path, config: str, split: str, message: str) -> None:
    with pytest.raises(TaskInputError, match=message):
        FASHION_ITEMS.load(tmp_path, config, split)


@pytest.fixture(scope="module")
def objects_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    FASHION_OBJECTS.prepare(home, "tiny")
    return home


@pytest.fixture(scope="module")
def objects(objects_home: Path) -> dict[str, ComposedImages]:
    return {split: FASHION_OBJECTS.load(objects_home, "tiny", split) for split in SPLITS}


def test_objects_are_colour_images_of_all_ten_classes(objects: dict[str, ComposedImages]) -> None:
    for split, images in objects.items():
        n = FASHION_OBJECTS.counts["tiny"].of(split)
        assert (images.images.shape, images.images.dtype) == ((n, 64, 64, 3), np.uint8)
        assert set(images.labels) == set(range(10))
        np.testing.assert_array_equal(images.ids, np.arange(n))
        assert (images.images.max(-1) != images.images.min(-1)).mean() > 0.5  # colours, not grey


def test_objects_bear_the_labels_of_their_items_and_keep_to_their_split(
    objects: dict[str, ComposedImages], objects_home: Path
) -> None:
    for split, images in objects.items():
        pool = item_pool(split, find_folder(objects_home))
        label_of = dict(zip(pool.indices.tolist(), pool.labels.tolist(), strict=True))
        assert [label_of[item] for item in images.items.tolist()] == images.labels.tolist()
        used = {ALL_PHOTOGRAPHS[index] for index in images.photographs}
        assert used == set(PHOTOGRAPHS[split])


def test_taking_objects_keeps_their_photographs(objects: dict[str, ComposedImages]) -> None:
    some = objects["test"].take(np.array([7, 3]))
    assert isinstance(some, ComposedImages)
    np.testing.assert_array_equal(some.photographs, objects["test"].photographs[[7, 3]])


@pytest.mark.parametrize("workers", [1, 2])
def test_objects_composed_in_memory_are_those_prepared(
    objects: dict[str, ComposedImages], objects_home: Path, workers: int
) -> None:
    sources = find_folder(objects_home), find_photographs(objects_home)
    seen: list[tuple[int, int]] = []
    made = compose_split(
        "fashion_objects", "tiny", "train", *sources, workers, lambda done, total: seen.append((done, total))
    )
    assert content_checksum(made) == content_checksum(objects["train"])
    assert seen == [(100, 300), (200, 300), (300, 300)]
