"""Choosing and dividing cut-outs, on synthetic stamps in the package's folders; the real ones where they are."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.data import packages
from tasks.data.compose import SceneRules, compose
from tasks.data.own_datasets import PHOTO_OBJECTS
from tasks.data.photographs import Photograph, find_photographs, read_photographs
from tasks.data.pools import CutOutPool
from tasks.data.settings import SPLITS
from tasks.data.stamps import (
    CATEGORIES,
    CLASSES,
    FOLDER_VARIABLE,
    KEPT_SIDE,
    divide,
    find_stamps,
    read_stamps,
)
from tasks.errors import TaskInputError


def write_stamp(path: Path, width: int = 60, height: int = 40, *, colourful: bool = True, margin: int = 10) -> None:
    """An ellipse of random colours, or of one, its extents ``width`` and ``height``, inside a transparent margin."""
    y, x = np.ogrid[:height, :width]
    inside = ((x + 0.5) / width - 0.5) ** 2 + ((y + 0.5) / height - 0.5) ** 2 <= 0.25
    seed = np.random.SeedSequence(list(path.name.encode()))
    colours = np.random.default_rng(seed).integers(0, 256, (height, width, 3)) if colourful else np.full(3, 90)
    pixels = np.zeros((height + 2 * margin, width + 2 * margin, 4), np.uint8)
    window = pixels[margin : margin + height, margin : margin + width]
    window[..., :3] = colours
    window[..., 3] = inside * 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


NAMES = ("ant", "bee", "cat", "dog", "emu", "fox", "gnu", "hen", "ibis", "jay")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stamps")
    for category in CATEGORIES:
        for name in NAMES:
            write_stamp(folder / category / "kind" / f"{category}{name}.png")
    return folder


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Photograph, ...]:
    return read_photographs(find_photographs(tmp_path_factory.mktemp("home")), "train")


@pytest.fixture
def pools(folder: Path) -> dict[str, CutOutPool]:
    return divide(read_stamps(folder))


def chosen(folder: Path) -> list[str]:
    return [stamp.path for stamp in read_stamps(folder)]


def test_only_whole_photographs_of_a_useful_size_are_chosen(tmp_path: Path) -> None:
    write_stamp(tmp_path / "animals/mammals/bear.png")
    write_stamp(tmp_path / "animals/mammals/bear_mirror.png")
    write_stamp(tmp_path / "animals/mammals/bear_mirror_flip.png")
    write_stamp(tmp_path / "animals/cartoon/bear.png")
    write_stamp(tmp_path / "animals/mammals/drawn.png", colourful=False)
    write_stamp(tmp_path / "animals/mammals/small.png", width=31, height=31)
    write_stamp(tmp_path / "animals/mammals/snake.png", width=130, height=32)  # more than four times as long as high
    write_stamp(tmp_path / "animals/mammals/lost.png", margin=150)  # 1.5 % of the image
    write_stamp(tmp_path / "symbols/math/plus.png")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 60, 3), np.uint8)).save(
        tmp_path / "animals/full.png"
    )
    assert chosen(tmp_path) == ["animals/mammals/bear.png"]


def test_a_stamp_is_cut_to_what_is_solid_and_made_no_larger_than_needed(tmp_path: Path) -> None:
    write_stamp(tmp_path / "food/apple.png", width=60, height=40)
    write_stamp(tmp_path / "plants/oak.png", width=200, height=300)
    apple, oak = read_stamps(tmp_path)
    assert (apple.image.mode, apple.image.size, CLASSES[apple.label]) == ("RGBA", (60, 40), "food_plant")
    assert oak.image.size == (round(KEPT_SIDE * 200 / 300), KEPT_SIDE)


def test_a_stamp_of_one_solid_pixel_is_left_out(tmp_path: Path) -> None:
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[2, 2] = 255
    (tmp_path / "animals").mkdir()
    Image.fromarray(pixels).save(tmp_path / "animals" / "dot.png")
    assert chosen(tmp_path) == []


def test_stamps_of_one_thing_stay_in_one_split_and_none_is_lost(tmp_path: Path, folder: Path) -> None:
    for category in CATEGORIES:
        for name in NAMES:
            for variant in ("", "-2", "_green", "3"):
                write_stamp(tmp_path / category / f"{name}{category}{variant}.png")
    stamps = read_stamps(tmp_path)
    assert len(stamps) == len(CATEGORIES) * len(NAMES) * 4
    split_of: dict[str, set[str]] = {}
    divided = divide(stamps)
    for split, pool in divided.items():
        for index in pool.indices:
            split_of.setdefault(stamps[index].family, set()).add(split)
    assert all(len(splits) == 1 for splits in split_of.values())
    assert sorted(np.concatenate([pool.indices for pool in divided.values()])) == list(range(len(stamps)))


def test_each_class_is_divided_about_three_one_one(pools: dict[str, CutOutPool]) -> None:
    for label, own in enumerate((10, 20, 40)):  # one, two and four categories of ten
        counts = [int((pools[split].labels == label).sum()) for split in SPLITS]
        assert counts == [own * 3 // 5, own // 5, own // 5]


def test_a_class_with_too_few_stamps_is_named(tmp_path: Path) -> None:
    for category in CATEGORIES:
        for name in NAMES[: 2 if category == "animals" else 10]:
            write_stamp(tmp_path / category / f"{category}{name}.png")
    with pytest.raises(TaskInputError, match="2 families of stamps of class animal are too few"):
        divide(read_stamps(tmp_path))


def test_a_damaged_stamp_is_named(tmp_path: Path) -> None:
    write_stamp(tmp_path / "animals" / "bear.png")
    broken = tmp_path / "animals" / "bear.png"
    broken.write_bytes(broken.read_bytes()[:200])
    with pytest.raises(TaskInputError, match=r"bear\.png cannot be read") as raised:
        read_stamps(tmp_path)
    assert "\n" not in str(raised.value)


def test_without_the_package_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(
        TaskInputError, match=r"run `python -m tasks\.data\.packages stamps` .* tuxpaint-stamps-default"
    ) as raised:
        PHOTO_OBJECTS.prepare(tmp_path / "home", "tiny")
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.rglob("*.array_record*"))


def test_cut_outs_keep_their_colours_and_their_boxes_are_tight(
    pools: dict[str, CutOutPool], photographs: tuple[Photograph, ...]
) -> None:
    for seed in range(20):
        scene = compose(pools["train"], photographs, np.random.default_rng(seed))
        assert set(scene.items) <= set(pools["train"].indices)
        for k, box in enumerate(scene.boxes):
            y, x = np.nonzero(scene.instances == k + 1)
            assert (y.min(), x.min(), y.max() + 1, x.max() + 1) == tuple(box)


def test_a_red_disc_alone_is_red_inside_and_its_transparent_green_does_not_bleed_out(
    photographs: tuple[Photograph, ...],
) -> None:
    y, x = np.ogrid[:64, :64]
    pixels = np.zeros((64, 64, 4), np.uint8)
    disc = (x - 31.5) ** 2 + (y - 31.5) ** 2 <= 1024
    pixels[..., :3] = np.where(disc[..., None], (255, 0, 0), (0, 255, 0))
    pixels[..., 3] = disc * 255
    pool = CutOutPool((Image.fromarray(pixels),), np.array([2]), np.array([7]))
    alpha, image = pool.scaled(0, 40)
    assert alpha.shape == (40, 40)
    assert (image[alpha > 0] == (255, 0, 0)).all()
    # A disc of diameter 40 that is lit by at most 320/256 stays at most as red and has no green.
    coloured = pool.coloured(image, np.random.default_rng(0))
    assert (coloured[alpha > 0][:, 1:] == 0).all()
    assert (coloured[alpha > 0][:, 0] >= 255 * 180 // 256).all()
    rules = SceneRules(most_objects=1, item_low=40, item_high=40)
    scene = compose(pool, photographs, np.random.default_rng(1), rules)
    assert ((scene.boxes[0, 2:] - scene.boxes[0, :2]) == 40).all()
    assert abs((scene.instances == 1).sum() - np.pi * 20**2) < 40
    assert (scene.labels[0], scene.items[0]) == (2, 7)


def test_scenes_of_other_stamps_are_written_but_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    with pytest.raises(TaskInputError, match=r"photo_objects tiny/train has content .* tuxpaint-stamps-default 2022"):
        PHOTO_OBJECTS.prepare(tmp_path, "tiny")
    stamps = read_stamps(folder)
    pools = divide(stamps)
    for split in SPLITS:
        scenes = PHOTO_OBJECTS.load_unverified(tmp_path, "tiny", split)
        assert len(scenes) == PHOTO_OBJECTS.counts["tiny"].of(split)
        there = scenes.labels >= 0
        assert set(scenes.items[there]) <= set(pools[split].indices)
        assert [stamps[item].label for item in scenes.items[there]] == list(scenes.labels[there])


@pytest.mark.skipif(
    not (packages.ROOT / packages.STAMPS).is_dir(), reason="needs Debian's package tuxpaint-stamps-default"
)
def test_scenes_of_the_packaged_stamps_are_those_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    PHOTO_OBJECTS.prepare(tmp_path, "tiny")
    pools = divide(read_stamps(find_stamps(tmp_path)))
    assert [len(pools[split].labels) for split in SPLITS] == [158, 52, 51]
    for split in SPLITS:
        scenes = PHOTO_OBJECTS.load(tmp_path, "tiny", split)
        assert set(scenes.items[scenes.labels >= 0]) <= set(pools[split].indices)
