"""Composing single scenes, and what is said where a process that composes them is killed."""

import os
import signal
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from tasks.data.compose import Recipe, Scene, SceneRules, compose, compose_rows
from tasks.data.fashion_mnist import find_folder, item_pool
from tasks.data.own_datasets import RECIPES
from tasks.data.photographs import Photograph, find_photographs, read_photographs
from tasks.data.pools import ItemPool, extents, silhouette
from tasks.errors import TaskInputError

SEEDS = range(60)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def pool(home: Path) -> ItemPool:
    every = item_pool("test", find_folder(home))
    return ItemPool(every.grey[100:700], every.labels[100:700], every.indices[100:700])


@pytest.fixture(scope="module")
def photographs(home: Path) -> tuple[Photograph, ...]:
    return read_photographs(find_photographs(home), "train")


@pytest.fixture(scope="module")
def scenes(pool: ItemPool, photographs: tuple[Photograph, ...]) -> list[Scene]:
    return [compose(pool, photographs, np.random.default_rng(seed)) for seed in SEEDS]


def test_a_silhouette_fills_holes_and_ignores_ripples_and_specks() -> None:
    image = np.zeros((12, 12), np.uint8)
    image[2:7, 2:7] = 200
    image[4, 4] = 0  # a hole
    image[7, 2:7] = 3  # a ripple beside the item
    image[10, 10] = 90  # a speck
    expected = np.zeros((12, 12), bool)
    expected[2:7, 2:7] = True
    np.testing.assert_array_equal(silhouette(image), expected)


def test_a_silhouette_may_touch_every_edge_and_parts_may_touch_at_corners() -> None:
    image = np.full((5, 6), 200, np.uint8)
    assert silhouette(image).all()
    image[:] = 0
    image[0, 0] = image[1, 1] = image[2, 2] = image[3, 3] = image[4, 4] = 200  # one part of five pixels
    np.testing.assert_array_equal(silhouette(image), image > 0)


def test_a_pool_names_its_items_by_their_place_in_the_files(pool: ItemPool) -> None:
    np.testing.assert_array_equal(pool.indices, np.arange(60_100, 60_700))


def test_boxes_are_the_exact_extents_of_what_is_seen(scenes: list[Scene]) -> None:
    for scene in scenes:
        for k, box in enumerate(scene.boxes):
            y, x = np.nonzero(scene.instances == k + 1)
            assert (y.min(), x.min(), y.max() + 1, x.max() + 1) == tuple(box)


def test_every_scene_has_one_to_four_objects_and_every_number_occurs(scenes: list[Scene]) -> None:
    assert {len(scene.labels) for scene in scenes} == {1, 2, 3, 4}
    for scene in scenes:
        assert set(np.unique(scene.instances)) - {0} == set(range(1, len(scene.labels) + 1))


def test_sizes_stay_within_the_rules(scenes: list[Scene]) -> None:
    rules = SceneRules()
    sides = np.concatenate([scene.boxes[:, 2:] - scene.boxes[:, :2] for scene in scenes])
    assert sides.min() >= rules.least_box_side
    assert sides.max() <= rules.item_high
    assert sides.max(1).mean() > rules.item_low


def test_a_box_too_narrow_is_never_shown(pool: ItemPool, photographs: tuple[Photograph, ...]) -> None:
    strict = SceneRules(least_box_side=20, attempts=50)
    loose = SceneRules(least_box_side=1)
    narrowest = [
        min(int((scene.boxes[:, 2:] - scene.boxes[:, :2]).min()) for scene in made)
        for made in (
            [compose(pool, photographs, np.random.default_rng(seed), rules) for seed in range(30)]
            for rules in (strict, loose)
        )
    ]
    assert narrowest[0] >= 20 > narrowest[1]


def test_no_object_covers_another_when_all_must_be_visible(pool: ItemPool, photographs: tuple[Photograph, ...]) -> None:
    """Without covering, objects composed one by one keep the area they had when they were alone."""
    shares = {}
    for least in (1.0, 0.0):
        overlap = []
        for seed in range(30):
            rules = SceneRules(least_visible=least, least_box_side=0, contrast=0)
            scene = compose(pool, photographs, np.random.default_rng(seed), rules)
            for k, item in enumerate(scene.items):
                where = int(np.flatnonzero(pool.indices == item)[0])
                shape = silhouette(pool.grey[where])
                top, left, bottom, right = extents(shape[None])[0]
                fill = shape.sum() / ((bottom - top) * (right - left))
                y0, x0, y1, x1 = scene.boxes[k]
                seen = (scene.instances == k + 1).sum() / max(1, (y1 - y0) * (x1 - x0))
                overlap.append(seen / fill)
        shares[least] = np.min(overlap)
    assert shares[1.0] > 0.85 > shares[0.0]


def test_the_same_seed_makes_the_same_scene_and_another_does_not(
    pool: ItemPool, photographs: tuple[Photograph, ...], scenes: list[Scene]
) -> None:
    again = compose(pool, photographs, np.random.default_rng(SEEDS[7]))
    np.testing.assert_array_equal(again.image, scenes[7].image)
    np.testing.assert_array_equal(again.instances, scenes[7].instances)
    assert not np.array_equal(again.image, scenes[8].image)


def test_items_stand_out_from_what_they_cover(scenes: list[Scene]) -> None:
    """A classifier of pixels by colour alone has something to go on: item and surroundings differ in every scene."""
    for scene in scenes:
        inside = scene.image[scene.instances > 0].astype(int)
        outside = scene.image[scene.instances == 0].astype(int)
        assert inside.std(0).max() > 0
        assert np.abs(inside.mean(0) - outside.mean(0)).max() > 2


def test_an_image_of_one_object_shows_one_whole_at_any_place_and_scale(
    pool: ItemPool, photographs: tuple[Photograph, ...]
) -> None:
    rules = RECIPES["fashion_objects"].rules
    made = [compose(pool, photographs, np.random.default_rng(seed), rules) for seed in SEEDS]
    assert {(len(scene.labels), scene.image.shape) for scene in made} == {(1, (64, 64, 3))}
    boxes = np.stack([scene.boxes[0] for scene in made])
    longer = (boxes[:, 2:] - boxes[:, :2]).max(1)
    assert 18 <= longer.min() < 26
    assert 50 < longer.max() <= 56
    assert len({tuple(box[:2]) for box in boxes}) > 50


def killed(split: str, folder: Path) -> NoReturn:
    """A pool that takes more memory than there is."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_a_process_that_is_killed_while_it_composes_is_one_line(tmp_path: Path) -> None:
    usual = RECIPES["fashion_scenes"]
    with pytest.raises(TaskInputError, match=r"composed images was killed \(out of memory\?\)") as caught:
        compose_rows(Recipe(killed, usual.empty, usual.put), "train", 0, 1_001, tmp_path, tmp_path, workers=2)
    assert "\n" not in str(caught.value)
