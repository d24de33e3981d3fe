"""How what people bring is divided into splits."""

from pathlib import Path

import pytest

from tasks.data.settings import SPLITS
from tasks.data.user.source import Item
from tasks.data.user.split import complete, divide
from tasks.errors import TaskInputError


def items(digests, labels=None):
    return [Item(Path(), f"{n}.png", 0 if labels is None else labels[n], digest=d) for n, d in enumerate(digests)]


def test_shares_are_70_15_15_of_each_class_whatever_the_order_and_the_names():
    digests = [f"{n * 7919 % 1000:04}" for n in range(200)]
    labels = [n % 2 for n in range(200)]
    found = divide(items(digests, labels), SPLITS)
    assert {split: len(each) for split, each in found.items()} == {"train": 140, "validation": 30, "test": 30}
    assert [sum(item.label for item in found[split]) for split in SPLITS] == [70, 15, 15]
    again = divide(items(digests[::-1], labels[::-1]), SPLITS)
    assert {split: {i.digest for i in each} for split, each in found.items()} == {
        split: {i.digest for i in each} for split, each in again.items()
    }


def test_equal_files_and_frames_of_one_film_are_never_in_two_splits():
    digests = [f"{n % 10:02}" for n in range(100)]
    found = divide(items(digests), SPLITS)
    assert sum(len({item.digest for item in each}) for each in found.values()) == 10
    films = [Item(Path(), "", digest=f"{n * 7919 % 1000:04}", below=f"film{n % 8}_{n}.png") for n in range(80)]
    found = divide(films, SPLITS, group="_")
    assert sum(len({item.below.split("_")[0] for item in each}) for each in found.values()) == 8
    assert all(found.values())


def test_splits_that_are_given_are_kept_and_what_is_missing_comes_from_training():
    train, test = items([f"{n:03}" for n in range(100)]), items([f"t{n}" for n in range(5)])
    found = complete({"train": train, "test": test}, "")
    assert [len(found[split]) for split in SPLITS] == [85, 15, 5]
    with pytest.raises(TaskInputError, match=r"'0.png' of test and '7.png' of train are the same;"):
        complete({"train": train, "test": items(["007"])}, "")
    with pytest.raises(TaskInputError, match="2 images leave none for validation; allowed: 20 and more"):
        complete({"train": items(["a", "b"])}, "")


def test_a_group_in_two_splits_that_are_given_is_refused():
    films = {
        split: [
            Item(Path(), f"{split}/{film}_{n}.png", digest=f"{split} {film} {n}", below=f"{film}_{n}.png")
            for film in names
            for n in range(3)
        ]
        for split, names in (("train", ("sea", "hill")), ("validation", ("wood",)), ("test", ("lake", "hill")))
    }
    assert [len(each) for each in complete(films, "").values()] == [6, 3, 6]
    with pytest.raises(TaskInputError, match=r"'test/hill_0.png' of test and 'train/hill_0.png' of train are of one"):
        complete(films, "_")
