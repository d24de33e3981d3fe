"""How images are divided where a data set does not say: by content, so that equal files are in one split.

70 % train, 15 % validation, 15 % test, of each class: its images in the order of the SHA-256 of their content, the
first of them for training.  The same files are divided alike wherever they lie and whatever they are called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

import numpy as np

from tasks.data.settings import SPLITS
from tasks.data.user.source import Item
from tasks.errors import TaskInputError

SHARES: Mapping[str, float] = {"train": 0.70, "validation": 0.15, "test": 0.15}
ALIASES: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val"),
    "test": ("test", "testing"),
}
_FAR = 2
"""By what a share may be off before it is said."""


def split_of(word: str) -> str | None:
    """Which split a folder's or file's name says, in any of its usual spellings; None if none."""
    return next((split for split, names in ALIASES.items() if word.lower() in names), None)


def complete(given: Mapping[str, Sequence[Item]], group: str) -> dict[str, tuple[Item, ...]]:
    """All three splits: those given as they are, others taken from the training images, which are at least given.

    group: as Options.group.  Raises TaskInputError where a split would have no image, or the same image as another, or
    one of the same group.
    """
    missing = [split for split in SPLITS if split not in given]
    found = {split: tuple(items) for split, items in given.items()}
    if missing:
        found |= divide(given["train"], ("train", *(split for split in missing if split != "train")), group)
    empty = [split for split in SPLITS if not found[split]]
    if empty and empty[0] in given:
        without = "" if empty[0] == "train" else f", or no {empty[0]} at all"
        raise TaskInputError(f"{empty[0]} is there without an image; allowed: one and more{without}")
    if empty:
        count, groups = sum(map(len, given.values())), len(_groups(given["train"], group))
        of = f" that group={group[:20]} makes {groups} group{'s' * (groups != 1)}" if group else ""
        allowed = "3 groups and more" if group else "20 and more that differ"
        raise TaskInputError(f"{count} images{of} leave none for {empty[0]}; allowed: {allowed}")
    where: dict[tuple[str, str], tuple[str, Item]] = {}
    for split in SPLITS:
        for item in found[split]:
            for key in _keys(item, group):
                other, twin = where.setdefault(key, (split, item))
                if other != split:
                    what = ("the same", "an image") if key[0] == "content" else ("of one group", "a group")
                    raise TaskInputError(
                        f"{item.name[-80:]!r} of {split} and {twin.name[-80:]!r} of {other} are {what[0]}; allowed: "
                        f"{what[1]} in one split alone"
                    )
    return {split: found[split] for split in SPLITS}


def mixed(count: int) -> np.ndarray:
    """Places 0 to count - 1 in a random order, always the same: int64 [count].

    Data come class by class, and much takes the first of a split's images alone.
    """
    return np.random.default_rng(0).permutation(count)


def divide(items: Sequence[Item], splits: Sequence[str], group: str = "") -> dict[str, tuple[Item, ...]]:
    """Items by split, the first of `splits` taking what SHARES leave; in the order given.

    A group that would exceed a share by more than the share still lacks is passed over, unless none is smaller: what is
    wrong by less stays as it is, and the longest film is trained on.  Each split gets a group where there are as many.
    """
    groups = _groups(items, group)
    strata: dict[int, list[tuple[str, list[int]]]] = {}
    for members in groups:
        order = min(items[place].digest for place in members)
        strata.setdefault(items[members[0]].label, []).append((order, members))
    chosen: dict[str, list[int]] = {split: [] for split in splits}
    for stratum in strata.values():
        total = sum(len(members) for _, members in stratum)
        # groups from the end of the order, so that what is trained on is at its beginning
        rest = sorted(stratum, reverse=True)
        for number, split in enumerate(splits[1:], start=1):
            wanted, taken = _share(split, total, len(stratum)), 0
            smallest = min(len(members) for _, members in rest)
            kept = len(splits) - number if len(stratum) >= len(splits) else 1  # for the splits that follow
            passed = []
            while rest and taken < wanted and len(rest) + len(passed) > kept:
                each = rest.pop(0)
                size = len(each[1])
                if size > smallest and taken + size - wanted > wanted - taken:
                    passed.append(each)
                else:
                    chosen[split] += each[1]
                    taken += size
            rest = passed + rest
        chosen[splits[0]] += [place for _, members in rest for place in members]
    return {split: tuple(items[place] for place in sorted(places)) for split, places in chosen.items()}


def _share(split: str, total: int, groups: int) -> int:
    return max(1 if groups > 2 else 0, round(SHARES[split] * total))


def split_notes(given: Iterable[str], splits: Mapping[str, Sequence[Item]], group: str) -> tuple[str, ...]:
    """What their owner should know of `complete`'s splits: `group` that changes nothing, shares far from those meant.

    given: the splits that were not drawn.
    """
    notes = []
    found = [key for items in splits.values() for item in items for key in _keys(item, group) if key[0] == "group"]
    if group and len(set(found)) == len(found):
        notes.append(f"group={group[:20]}: no two images are of one group")
    drawn = [split for split in SPLITS[1:] if split not in given]
    whole = sum(len(splits[split]) for split in ("train", *drawn))
    for split in drawn:
        share = len(splits[split]) / whole
        if not SHARES[split] / _FAR <= share <= SHARES[split] * _FAR:
            notes.append(
                f"{split} has {share:.0%} of the images that were divided, where {SHARES[split]:.0%} are meant: "
                "groups, and classes of few images, divide no better"
            )
    return tuple(notes)


def _keys(item: Item, group: str) -> list[tuple[str, str]]:
    """What items that must stay together have in common, one of these at least."""
    path = PurePath(item.below)
    before, separator, _ = path.name.partition(group) if group else ("", "", "")
    if group == "/" and path.parent.parts:
        return [("content", item.digest), ("group", str(path.parent))]
    if separator:  # in its folder: frames of a film in each are called alike
        return [("content", item.digest), ("group", f"{path.parent}/{before}")]
    return [("content", item.digest)]


def _groups(items: Sequence[Item], group: str) -> list[list[int]]:
    """Places of items that must stay together: equal content, or one group."""
    parent = list(range(len(items)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    first: dict[tuple[str, str], int] = {}
    for place, item in enumerate(items):
        for key in _keys(item, group):
            parent[root(place)] = root(first.setdefault(key, place))
    together: dict[int, list[int]] = {}
    for place in range(len(items)):
        together.setdefault(root(place), []).append(place)
    return list(together.values())
