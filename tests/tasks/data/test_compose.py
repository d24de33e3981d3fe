"""Composing single scenes."""

from pathlib import Path

import numpy as np
import pytest

from tasks.data.backgrounds import ALL_PHOTOGRAPHS, PHOTOGRAPHS, Photograph, crop, read_photographs
from tasks.data.compose import ItemPool, Scene, SceneRules, compose, make_pool, silhouettes
from tasks.data.fashion_mnist import find_folder, read_items
from tasks.errors import TaskInputError

SEEDS = range(60)


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> ItemPool:
    items = read_items(find_folder(tmp_path_factory.mktemp("home")), "t10k")
    return make_pool(items, slice(100, 700), first_index=5_000)


@pytest.fixture(scope="module")
def photographs() -> tuple[Photograph, ...]:
    return read_photographs("train")


@pytest.fixture(scope="module")
def scenes(pool: ItemPool, photographs: tuple[Photograph, ...]) -> list[Scene]:
    return [compose(pool, photographs, np.random.default_rng(seed)) for seed in SEEDS]


def test_a_silhouette_fills_holes_and_ignores_ripples_and_specks() -> None:
    picture = np.zeros((1, 12, 12), np.uint8)
    picture[0, 2:7, 2:7] = 200
    picture[0, 4, 4] = 0  # a hole
    picture[0, 7, 2:7] = 3  # a ripple beside the item
    picture[0, 10, 10] = 90  # a speck
    expected = np.zeros((1, 12, 12), bool)
    expected[0, 2:7, 2:7] = True
    np.testing.assert_array_equal(silhouettes(picture), expected)


def test_silhouettes_of_many_pictures_are_those_of_each_alone(pool: ItemPool) -> None:
    together = silhouettes(pool.grey)
    for index in (0, 511, 512, 599):  # on both sides of a batch's end
        np.testing.assert_array_equal(together[index], silhouettes(pool.grey[index : index + 1])[0])


def test_a_pool_names_its_items_by_their_place_in_the_file(pool: ItemPool) -> None:
    np.testing.assert_array_equal(pool.indices, np.arange(5_100, 5_700))


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
                top, left, bottom, right = pool.boxes[where]
                fill = (pool.alpha[where] > 0).sum() / ((bottom - top) * (right - left))
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


def test_photographs_are_in_one_split_only_and_each_split_has_several() -> None:
    assert len(ALL_PHOTOGRAPHS) == len(set(ALL_PHOTOGRAPHS))
    assert min(len(group) for group in PHOTOGRAPHS.values()) >= 4


def test_no_photograph_is_a_copy_of_another() -> None:
    pictures = [photograph.picture.tobytes() for split in PHOTOGRAPHS for photograph in read_photographs(split)]
    assert len(set(pictures)) == len(ALL_PHOTOGRAPHS)


def test_crops_of_one_photograph_vary(photographs: tuple[Photograph, ...]) -> None:
    crops = [crop(photographs[0], 96, np.random.default_rng(seed)) for seed in range(5)]
    assert len({picture.tobytes() for picture in crops}) == 5
    assert all(picture.shape == (96, 96, 3) and picture.dtype == np.uint8 for picture in crops)


def test_an_unknown_split_has_no_photographs() -> None:
    with pytest.raises(TaskInputError, match="allowed: train, validation, test"):
        read_photographs("holdout")


def test_a_photograph_that_is_not_in_the_wheel_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tasks.data import backgrounds

    monkeypatch.setattr(backgrounds.resources, "files", lambda _: tmp_path)
    with pytest.raises(TaskInputError, match=r"astronaut\.png cannot be read .* reinstall scikit-image"):
        read_photographs("train")
