"""Data sets that a Python file or an installed package defines."""

import re
import weakref
from types import SimpleNamespace

import numpy as np
import pytest

from tasks.data.settings import SPLITS
from tasks.data.user import module
from tasks.data.user.dataset import user_dataset
from tasks.errors import TaskInputError
from tasks.registry import make_task
from tests.tasks.data.user.preparing import prepared, refusal

MINE = """
import numpy as np


class Mine:
    task = "classification"
    class_names = ("dark", "bright")
    side_pixels = 16
    channels = 1

    def load(self, split):
        n = {"train": 24, "validation": 8, "test": 8}[split]
        labels = np.arange(n) % 2
        return {"images": np.full((n, 16, 16, 1), 40, np.uint8) + labels[:, None, None, None].astype(np.uint8) * 150,
                "labels": labels}


DATASET = Mine()
"""


def test_a_file_may_define_a_data_set(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    found = prepared(f"{tmp_path}/mine.py", tmp_path)
    assert found["train"].images.shape == (24, 16, 16, 1)
    np.testing.assert_array_equal(found["test"].images[:, 0, 0, 0], 40 + 150 * found["test"].labels)
    assert make_task("classification", f"{tmp_path}/mine.py").classes == 2


def test_a_file_of_data_may_hold_a_dataclass_whose_annotations_are_postponed(tmp_path):
    held = "from dataclasses import dataclass\n\n@dataclass\nclass Where:\n    folder: str = ''\n"
    (tmp_path / "mine.py").write_text(f"from __future__ import annotations\n{held}{MINE}")
    assert user_dataset(f"{tmp_path}/mine.py").class_names == ("dark", "bright")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("np.uint8) + labels", "np.float32) + labels", "train: images are float32; allowed: uint8, 0 to 255"),
        ("% 2", "% 3", "train: labels are 0 to 2; allowed: 0 to 1"),
        ('"labels": labels', '"labels": labels[:-1]', "train: labels has shape (23,); allowed: (24,)"),
        ('"labels": labels', '"label": labels', "load('train') raised KeyError"),
        ("(n, 16, 16, 1)", "(n, 16, 20, 1)", "images has shape (24, 16, 20, 1); allowed: (24, 16, 16, 1)"),
        ("channels = 1", "channels = 2", "channels is 2; allowed: 1, 3"),
        ("np.full((n, 16, 16, 1), 40, np.uint8) + labels[:, None, None, None].astype(np.uint8) * 150", "5", "shape ()"),
        ("channels = 1", "channels = 1\n    version = property(lambda self: 1 / 0)", "version cannot be read (ZeroDiv"),
        ('task = "classification"', "", "it has no task"),
        ("DATASET = Mine()", "", "defines no DATASET"),
        ("import numpy", "import nowhere, numpy", "cannot be run: ModuleNotFoundError"),
        (
            "DATASET = Mine()",
            "from tasks.errors import TaskInputError\nraise TaskInputError('no images here')",
            "mine.py: no images here",  # it names the file as well
        ),
    ],
)
def test_what_a_file_gives_is_checked(old, new, said, tmp_path):
    (tmp_path / "mine.py").write_text(MINE.replace(old, new))
    assert said in refusal(f"{tmp_path}/mine.py", tmp_path)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"boxes": np.array([[[0.5, 0, 0.4, 1]]]), "labels": np.zeros((1, 1), int)}, "boxes are not ymin < ymax"),
        ({"boxes": np.array([[[0, 0, 40.0, 1]]]), "labels": np.zeros((1, 1), int)}, "in 0 to 1"),
        ({"boxes": np.zeros((1, 1, 4)), "labels": np.full((1, 1), -2)}, "labels are -2 to 0; allowed: -1 to 0"),
        ({"boxes": np.zeros((1, 1, 4)), "labels": np.full((1, 1), -1)}, "no object in train; allowed: one and more"),
        ({"boxes": np.zeros((1, 0, 4)), "labels": np.zeros((1, 0), int)}, "no object in train; allowed: one and more"),
        ({"masks": np.full((1, 16, 16), 7, np.uint8)}, "masks hold 7; allowed: 0 to 1, and 255"),
        ({"masks": np.zeros((1, 16, 16))}, "masks are float64; allowed: uint8"),
    ],
)
def test_boxes_and_masks_that_a_file_gives_are_checked(given, said):
    mine = SimpleNamespace(
        task="segmentation" if "masks" in given else "detection",
        class_names=("thing",),
        side_pixels=16,
        channels=3,
        load=lambda split: {"images": np.zeros((1, 16, 16, 3), np.uint8), **given},
    )
    with pytest.raises(TaskInputError, match=re.escape(said)):
        module.ModuleSource("mine", mine, "").count("train")


class Boxes:
    task, class_names, side_pixels, channels = "detection", ("thing",), 16, 3

    def __init__(self):
        self.given, self.more = [], 0

    def load(self, split):
        n, many = {"train": (6, 2), "validation": (4, 5), "test": (2, 1)}[split]
        boxes = np.broadcast_to(np.array([0, 0, 0.5, 1]), (n + self.more, many, 4))
        arrays = {"images": np.zeros((len(boxes), 16, 16, 3), np.uint8), "boxes": boxes}
        self.given.append((split, weakref.ref(arrays["images"])))
        return arrays | {"labels": np.zeros(boxes.shape[:2], int)}

    def held(self):
        return [split for split, images in self.given if images() is not None]


def test_what_a_file_gives_is_not_held_once_it_is_counted_and_one_split_of_it_while_it_is_read():
    mine = Boxes()
    source = module.ModuleSource("mine", mine, "")
    assert source.most_objects == 5
    assert mine.held() == []
    assert [source.count(split) for split in SPLITS] == [6, 4, 2]
    assert (source.most_objects, len(mine.given)) == (5, 3)
    for split in SPLITS:
        assert len(source.read(split, 1).boxes) == {"train": 2, "validation": 5, "test": 1}[split]
        assert mine.held() == [split]
    assert len(mine.given) == 6
    mine.more = 1
    with pytest.raises(TaskInputError, match=r"load\('train'\) gave other shapes than before; allowed: the same each"):
        source.read("train", 0)


def test_an_installed_package_may_bring_a_data_set(monkeypatch):
    def load():
        scope = {}
        exec(MINE, scope)
        return scope["DATASET"]

    entry = SimpleNamespace(name="mine", value="mine:DATASET", dist=None, load=load)
    monkeypatch.setattr(module, "entry_points", lambda group: [entry] if group == "accelnas.datasets" else [])
    assert user_dataset("entry:mine").class_names == ("dark", "bright")
    with pytest.raises(TaskInputError, match="no package has data set 'other'; allowed: mine"):
        user_dataset("entry:other")
