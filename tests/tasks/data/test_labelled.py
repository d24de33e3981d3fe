"""Fashion-MNIST prepared for classification."""

import hashlib
import os
import re
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from tasks.data.checksums import PINNED_ITEMS
from tasks.data.fashion_mnist import CONTENT_SHA256
from tasks.data.labelled import FASHION_ITEMS, LabelledImages
from tasks.data.settings import ITEM_CONFIGS, SPLITS
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


def test_taking_by_position_keeps_pictures_labels_and_ids_together(tiny: dict[str, LabelledImages]) -> None:
    some = tiny["train"].take(np.array([7, 3]))
    np.testing.assert_array_equal(some.ids, [7, 3])
    for row, place in enumerate((7, 3)):
        np.testing.assert_array_equal(some.images[row], tiny["train"].images[place])
        assert some.labels[row] == tiny["train"].labels[place]


def test_taking_a_class_that_is_missing_leaves_nothing(tiny: dict[str, LabelledImages]) -> None:
    none = tiny["test"].take(tiny["test"].labels == 10)
    assert len(none) == 0
    assert none.images.shape == (0, 28, 28, 1)


def test_every_config_is_pinned() -> None:
    assert set(PINNED_ITEMS) == set(ITEM_CONFIGS)
    assert all(set(checksums) == set(SPLITS) for checksums in PINNED_ITEMS.values())


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
    with pytest.raises(TaskInputError, match=r"FashionItems tiny/validation has content .* expected "):
        FASHION_ITEMS.load(tmp_path, "tiny", "validation")


@pytest.mark.parametrize(
    ("config", "split", "message"),
    [("tiny", "train", "tiny is not prepared in"), ("huge", "train", "allowed: tiny"), ("tiny", "dev", "allowed: tr")],
)
def test_what_cannot_be_loaded_is_said_in_one_line(tmp_path: Path, config: str, split: str, message: str) -> None:
    with pytest.raises(TaskInputError, match=message):
        FASHION_ITEMS.load(tmp_path, config, split)
