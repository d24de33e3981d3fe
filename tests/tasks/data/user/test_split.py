"""How what people bring is divided into splits."""

from itertools import permutations
from math import ceil
from pathlib import Path

import pytest

from tasks.data.settings import SPLITS
from tasks.data.user.source import Item
from tasks.data.user.split import complete, divide, split_notes
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


def films(lengths, label=0):
    return [
        Item(Path(), "", label, digest=f"{label} {film} {n:03}", below=f"{label}film{film}_{n}.png")
        for film, length in enumerate(lengths)
        for n in range(length)
    ]


@pytest.mark.parametrize("lengths", list(permutations((80, 10, 10, 10))))
def test_the_longest_film_is_trained_on_wherever_it_is_in_the_order(lengths):
    found = divide([*films(lengths), *films(lengths, 1)], SPLITS, group="_")
    assert [len(found[split]) for split in SPLITS] == [160, 40, 20]


@pytest.mark.parametrize("lengths", [(80, 10, 20), (10, 20, 80), (2, 2, 96), (96, 2, 2)])
def test_three_films_are_one_of_each_split(lengths):
    found = divide(films(lengths), SPLITS, group="_")
    assert len({item.below.split("_")[0] for split in SPLITS for item in found[split]}) == 3
    assert len(found["train"]) == max(lengths)
    assert all(found.values())


@pytest.mark.parametrize("copies", [1, 3, 10])
def test_without_groups_as_many_copies_of_each_file_are_counted_up_to_the_share_and_no_further(copies):
    for count in (3, 7, 19, 40, 101):
        found = divide(items([f"{n % count:03}" for n in range(count * copies)]), SPLITS)
        share = ceil(max(1, round(0.15 * count * copies)) / copies)
        assert [len(found[split]) // copies for split in SPLITS] == [count - 2 * share, share, share]


def test_a_share_that_groups_leave_far_from_what_is_meant_is_said():
    for lengths, expected in (((40, 40, 40), {"validation", "test"}), ((80, 10, 10, 10), set()), ((9,) * 30, set())):
        given = {"train": films(lengths)}
        notes = split_notes(given, complete(given, "_"), "_")
        assert {note.split()[0] for note in notes} == expected
    given = {"train": films((40, 40, 40)), "test": films((1,), 1)}
    assert split_notes(given, complete(given, "_"), "_") == (
        "validation has 33% of the images that were divided, where 15% are meant: groups, and classes of few images, "
        "divide no better",
    )


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
