"""Every task's spaces by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jax

from hw_model.workload import Workload
from tasks.errors import TaskInputError
from tasks.sides import height_width
from tasks.spaces import classification, detection, segmentation
from tasks.spaces.check import check_against_task
from tasks.spaces.curation import auto_curate
from tasks.spaces.skeleton import CHANNEL_STEP, Skeleton, curated_space, space_over, uncurated_space
from tasks.spaces.space import SearchSpace
from tasks.task import Task
from tasks.user_file import run_file

SKELETONS: MappingProxyType[str, Skeleton] = MappingProxyType(
    {
        "classification": classification.SKELETON,
        "detection": detection.SKELETON,
        "segmentation": segmentation.SKELETON,
    }
)
SPACE_KINDS = ("curated", "uncurated", "auto-curated")
# the article's spaces by task: their names, and the choices of each over a skeleton
ARTICLE_SPACES: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "classification": (),
        "detection": detection.ARTICLE_SPACES,
        "segmentation": segmentation.ARTICLE_SPACES,
    }
)
_ARTICLE_CHOICES = {"detection": detection.article_choices, "segmentation": segmentation.article_choices}
# the largest side, in pixels, of the suite's own data sets, which skeletons were made for
PLAIN_SIDE = 96
# what auto-curation draws its sample networks from
CURATION_SEED = 0


def space_names(task: str) -> tuple[str, ...]:
    """Names that `make_space` knows for a task.  Raises TaskInputError for an unknown task."""
    if task not in SKELETONS:
        raise TaskInputError(f"unknown task {task!r}; allowed: {', '.join(SKELETONS)}")
    return (*SPACE_KINDS, *ARTICLE_SPACES.get(task, ()))


def skeleton_for(task: Task) -> Skeleton:
    """The task's skeleton, taking the images of its data set.

    For sides above PLAIN_SIDE it is deepened until its last stage is about as large as there: once from 136 pixels on.
    """
    skeleton = SKELETONS[task.name]
    side = math.sqrt(math.prod(height_width(task.side_pixels)))  # of the square of as many pixels
    for _ in range(max(0, round(math.log2(side / PLAIN_SIDE)))):
        skeleton = skeleton.deepened()
    sides = skeleton.sides if skeleton.sides[0] == task.side_pixels else (task.side_pixels,)
    return replace(skeleton, sides=sides, input_channels=task.channels)


def make_space(task: Task, name: str, parallelism: int, latency_ms: Callable[[Workload], Any]) -> SearchSpace:
    """A task's space: one of `space_names`, or the path of a Python file that defines SPACE.

    parallelism: the accelerator's factor, for "curated": all channels are multiples of it.  latency_ms: its cost model,
    workloads [n, L] to [n], for "auto-curated".  Raises TaskInputError for an unknown name or file, and for "curated"
    where the narrowest layer has no room for the factor.
    """
    allowed = space_names(task.name)
    skeleton = skeleton_for(task)
    if name.endswith(".py"):
        space = load_space(Path(name))
        check_against_task(space, task)
        return space
    if name not in allowed:
        raise TaskInputError(f"unknown space {name!r} for {task.name}; allowed: {', '.join(allowed)}, or a file.py")
    if name in ARTICLE_SPACES.get(task.name, ()):
        return article_space(task, name)
    if name == "curated":
        return curated_space(skeleton, task.output_channels, parallelism)
    uncurated = uncurated_space(skeleton, task.output_channels)
    if name == "uncurated":
        return uncurated
    return auto_curate(uncurated, latency_ms, tuple(skeleton.channels), jax.random.key(CURATION_SEED))


def article_space(task: Task, name: str) -> SearchSpace:
    """One of the article's spaces of a task, over its skeleton; genotype 0, 0, ... is the baseline in each.

    Raises TaskInputError for an unknown name.
    """
    known = ARTICLE_SPACES.get(task.name, ())
    if name not in known:
        raise TaskInputError(f"unknown space {name!r} for {task.name}; allowed: {', '.join(known) or 'none'}")
    skeleton = skeleton_for(task)
    choices = _ARTICLE_CHOICES[task.name](skeleton)[name]
    return space_over(skeleton, name, choices, task.output_channels, CHANNEL_STEP)


def load_space(path: Path) -> SearchSpace:
    """The SPACE of a user's Python file.  Raises TaskInputError, naming the file, when there is none."""
    module = run_file(path, f"space file {path}", "a Python file that defines SPACE")
    space = getattr(module, "SPACE", None)
    if not isinstance(space, SearchSpace):
        raise TaskInputError(f"space file {path} defines no SPACE; allowed: SPACE = SearchSpace(...)")
    return space
