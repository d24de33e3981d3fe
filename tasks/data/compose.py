"""Composing images: items or cut-outs, scaled, over a crop of a photograph, with exact boxes and masks.

Everything random about an image comes from a generator that depends on seed, split and index alone, and pixels are
computed in integers, so an image is the same wherever and with whatever others it is composed; on Pillow's version see
tasks.data.checksums.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, fields
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from tasks.data.labelled import ComposedImages
from tasks.data.photographs import Photograph, crop, read_photographs
from tasks.data.pools import Pool, extents
from tasks.data.scenes import Scenes
from tasks.data.settings import MOST_OBJECTS, SIDE, SPLITS
from tasks.errors import TaskInputError

Progress = Callable[[int, int], None]

_AT_ONCE = 100  # images composed between two reports
_WORTH_A_PROCESS = 1_000  # images; it takes seconds to start and to read its photographs


@dataclass(frozen=True)
class SceneRules:
    """What a composed image may look like."""

    side: int = SIDE
    """Pixels, of the image."""
    most_objects: int = MOST_OBJECTS
    item_low: int = 24
    """Pixels of an item's longer side, at least."""
    item_high: int = 56
    """Pixels of an item's longer side, at most."""
    least_visible: float = 0.5
    """Share of an item's silhouette that other items must leave uncovered."""
    least_box_side: int = 6
    """Pixels."""
    contrast: int = 28
    """Grey levels of 0..255: mean difference between an item and what it covers, at least."""
    attempts: int = 8
    """To place an item before it is dropped."""


RULES = SceneRules()


@dataclass(frozen=True)
class Scene:
    """One composed scene with K objects, 1 to ``SceneRules.most_objects``."""

    image: np.ndarray
    """uint8[S, S, 3]."""
    instances: np.ndarray
    """uint8[S, S], 0 for background and 1 + k where object k is seen."""
    boxes: np.ndarray
    """int[K, 4] in pixels (ymin, xmin, ymax, xmax; ends exclusive), the exact extents of what is seen."""
    labels: np.ndarray
    """int[K]."""
    items: np.ndarray
    """int[K], the objects' indices over all pools."""
    photograph: int
    """Index of the background's photograph."""


def compose(
    pool: Pool, photographs: Sequence[Photograph], rng: np.random.Generator, rules: SceneRules = RULES
) -> Scene:
    """Compose one scene of 1 to ``rules.most_objects`` objects.

    Later items cover earlier ones. An item that would stand out too little, or hide another too far, is placed anew,
    and dropped after ``rules.attempts``; the first item is always placed.
    """
    photograph = photographs[int(rng.integers(len(photographs)))]
    image = crop(photograph, rules.side, rng)
    instances = np.zeros((rules.side, rules.side), np.uint8)
    drawn: list[int] = []
    areas: list[int] = []
    for _ in range(int(rng.integers(1, rules.most_objects + 1))):
        for attempt in range(rules.attempts):
            last_chance = attempt == rules.attempts - 1 and not drawn
            which = int(rng.integers(len(pool.labels)))
            alpha, thing = pool.scaled(which, int(rng.integers(rules.item_low, rules.item_high + 1)))
            if rng.integers(2):
                alpha, thing = alpha[:, ::-1], thing[:, ::-1]
            height, width = alpha.shape
            top = int(rng.integers(0, rules.side - height + 1))
            left = int(rng.integers(0, rules.side - width + 1))
            window = np.s_[top : top + height, left : left + width]
            seen = alpha >= 128
            pixels = pool.coloured(thing, rng)
            covered = instances.copy()
            covered[window][seen] = len(drawn) + 1
            if not last_chance and (
                _difference(pixels, image[window], seen) < rules.contrast
                or not _all_visible(covered, [*areas, int(seen.sum())], rules)
            ):
                continue
            instances = covered
            image[window] = _blend(pixels, image[window], alpha)
            drawn.append(which)
            areas.append(int(seen.sum()))
            break
    masks = instances == np.arange(1, len(drawn) + 1, dtype=np.uint8)[:, None, None]
    return Scene(image, instances, extents(masks), pool.labels[drawn], pool.indices[drawn], photograph.index)


def _difference(pixels: np.ndarray, under: np.ndarray, seen: np.ndarray) -> float:
    return float(np.abs(pixels - under)[seen].mean())


def _blend(pixels: np.ndarray, under: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    weight = alpha[..., None].astype(np.int32)
    return ((weight * pixels + (255 - weight) * under + 127) // 255).astype(np.uint8)


def _all_visible(instances: np.ndarray, areas: list[int], rules: SceneRules) -> bool:
    """Whether enough of each object is seen: ``areas`` are their silhouettes' pixels when nothing covers them."""
    left = np.bincount(instances.ravel(), minlength=len(areas) + 1)[1:]
    if (left < rules.least_visible * np.asarray(areas)).any():
        return False
    boxes = extents(instances == np.arange(1, len(areas) + 1, dtype=np.uint8)[:, None, None])
    return bool(((boxes[:, 2:] - boxes[:, :2]) >= rules.least_box_side).all())


def put_scene(scenes: Scenes, row: int, scene: Scene) -> None:
    """Write a scene into a row of the arrays that ``empty_scenes`` makes, all but its id."""
    k = len(scene.labels)
    scenes.images[row] = scene.image
    scenes.boxes[row, :k] = (scene.boxes / scene.image.shape[0]).astype(np.float32)
    scenes.labels[row, :k] = scene.labels
    scenes.instances[row] = scene.instances
    scenes.items[row, :k] = scene.items
    scenes.photographs[row] = scene.photograph


def put_image(images: ComposedImages, row: int, scene: Scene) -> None:
    """Write a scene of one object into a row, as an image labelled by that object, all but its id."""
    images.images[row] = scene.image
    images.labels[row] = scene.labels[0]
    images.items[row] = scene.items[0]
    images.photographs[row] = scene.photograph


@dataclass(frozen=True)
class Recipe:
    """How a data set is composed; its functions belong to modules, so that other processes find them."""

    pool: Callable[[str, Path], Pool]
    """Reads the things of a split from a folder; no two splits share one."""
    empty: Callable[[int], Any]
    """Arrays of so many images, yet to be filled in."""
    put: Callable[[Any, int, Scene], None]
    """Writes a composed scene into a row of them, all but its id."""
    rules: SceneRules = RULES


@dataclass(frozen=True)
class _Job:
    """Everything that says what the images of a split are."""

    recipe: Recipe
    split: str
    seed: int
    objects: Path
    photographs: Path

    def compose(self, rows: range, sources: tuple[Pool, tuple[Photograph, ...]]) -> Any:
        arrays = self.recipe.empty(len(rows))
        arrays.ids[:] = rows
        for row, index in enumerate(rows):
            seed = np.random.SeedSequence(self.seed, spawn_key=(SPLITS.index(self.split), index))
            self.recipe.put(arrays, row, compose(*sources, np.random.default_rng(seed), self.recipe.rules))
        return arrays


def _read_sources(
    pool: Callable[[str, Path], Pool], split: str, objects: Path, photographs: Path
) -> tuple[Pool, tuple[Photograph, ...]]:
    return pool(split, objects), read_photographs(photographs, split)


_read_sources_once = functools.cache(_read_sources)  # for processes that end with their job


def _compose_chunk(job: _Job, rows: range) -> Any:
    return job.compose(rows, _read_sources_once(job.recipe.pool, job.split, job.objects, job.photographs))


def compose_rows(
    recipe: Recipe,
    split: str,
    seed: int,
    count: int,
    objects: Path,
    photographs: Path,
    workers: int = 1,
    progress: Progress | None = None,
) -> Scenes | ComposedImages:
    """Compose the first ``count`` images of a split.

    Args:
        recipe: how.
        split: train, validation or test.
        seed: of all that is drawn at random.
        count: of images, at least 1.
        objects: the folder that ``recipe.pool`` reads.
        photographs: the file of photographs.
        workers: processes; with more than one, the caller's script must be guarded by ``if __name__ == "__main__"``.
        progress: called as ``progress(images done, count)``.

    Raises:
        TaskInputError: a source is missing or damaged, ``workers`` is less than 1, or one of them was killed.
    """
    if workers < 1:
        raise TaskInputError(f"{workers} processes cannot compose; allowed: 1 or more")
    job = _Job(recipe, split, seed, objects, photographs)
    chunks = [range(count)[start : start + _AT_ONCE] for start in range(0, count, _AT_ONCE)]
    whole = recipe.empty(count)

    def gather(parts: Iterator[Any]) -> None:
        for chunk, part in zip(chunks, parts, strict=True):
            for field in fields(whole):
                getattr(whole, field.name)[chunk.start : chunk.stop] = getattr(part, field.name)
            if progress is not None:
                progress(chunk.stop, count)

    workers = min(workers, -(-count // _WORTH_A_PROCESS))
    if workers == 1:
        sources = _read_sources(recipe.pool, split, objects, photographs)
        gather(job.compose(chunk, sources) for chunk in chunks)
    else:
        try:
            with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
                gather(pool.map(functools.partial(_compose_chunk, job), chunks))
        except BrokenProcessPool as error:
            raise TaskInputError(
                f"a process that composed images was killed (out of memory?), or its script is not guarded by "
                f'`if __name__ == "__main__"`; allowed: fewer than {workers} at once'
            ) from error
    return whole
