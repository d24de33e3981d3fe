"""The folder of a trained network: what `accelnas train --save` and `accelnas search` write, and others read.

network.json (as `accelnas cost` takes it), settings.json, metrics.json, per_class.csv and confusion.csv (as
`evaluators.weights` says), predictions.png and weights/ (an orbax
checkpoint of {"params", "batch_stats"}), which comes last: a folder with weights is whole.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.errors import BenchmarkInputError, NoResultError
from benchmarks.evaluators.trained import trial_key
from benchmarks.evaluators.weights import METRICS, WEIGHTS, copy_kept, is_kept, kept_folder, read_weights
from benchmarks.problem import check_fits
from benchmarks.store.files import write_json, write_network
from hw_model.blocks import Block
from hw_model.errors import HardwareInputError, short
from hw_model.json_file import read_json
from hw_model.network_file import load_network
from tasks.augmentation import Augmentation
from tasks.fidelity import Fidelity
from tasks.networks.blocks import ChainNetwork
from tasks.registry import make_task
from tasks.task import DatasetTask, Task

NETWORK, SETTINGS = "network.json", "settings.json"
_FIELDS = ("task", "dataset", "classes", "class_names", "data_version", "fidelity", "seed", "trial")


@dataclass(frozen=True)
class Saved:
    """A trained network in its folder."""

    folder: Path
    """Where it is."""
    name: str
    """Of the network."""
    blocks: tuple[Block, ...]
    """The network."""
    task: Task
    """That it was trained on."""
    fidelity: Fidelity
    """How it was trained and evaluated."""
    data_version: str
    """Of the data that it was trained on."""

    @cached_property
    def variables(self) -> dict[str, Any]:
        """{"params", "batch_stats"} of its `ChainNetwork`.

        Raises BenchmarkInputError where they cannot be read, and where they are another network's.
        """
        found = read_weights(self.folder / WEIGHTS)
        first = self.blocks[0]
        image = jax.ShapeDtypeStruct((1, first.height, first.width, first.in_channels), jnp.float32)
        wanted = jax.eval_shape(lambda x: ChainNetwork(self.blocks).init(jax.random.key(0), x, train=False), image)
        shapes = [{path: leaf.shape for path, leaf in jax.tree.leaves_with_path(tree)} for tree in (found, wanted)]
        if shapes[0] != shapes[1]:
            raise BenchmarkInputError(f"{self.folder}: {WEIGHTS}/ are not those of {NETWORK}; train it again")
        return found

    def check_data(self) -> None:
        """Raises BenchmarkInputError where the data set is not as it was: its splits may be others too."""
        if self.task.data_version(self.fidelity.data) != self.data_version:
            raise BenchmarkInputError(
                f"{self.task.dataset} has changed since the network of {self.folder} was trained; allowed: the data as "
                "they were, or training it again"
            )

    @property
    def quality(self) -> dict[str, float]:
        """By the name of the metric, as its training came to.  Raises BenchmarkInputError where it is not there."""
        found = _read(self.folder / METRICS).get("quality")
        if not isinstance(found, dict) or self.task.metric not in found:
            raise BenchmarkInputError(f'{self.folder / METRICS} has no "quality" with {self.task.metric}')
        return found


def check_save(folder: Path, task: Task, blocks: tuple[Block, ...], fidelity: Fidelity, seed: int) -> bool:
    """Whether this training is in the folder already, whole.

    Raises BenchmarkInputError for a folder of another training, and for one that holds anything else.
    """
    try:
        there = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    except OSError as error:
        raise BenchmarkInputError(f"{folder}: {error.strerror}; allowed: a folder") from error
    if not there:
        return False
    if SETTINGS not in there:
        raise BenchmarkInputError(f"{folder} holds {there[0][:40]!r}; allowed: a new folder, or one of this training")
    if _read(folder / SETTINGS).get("trial") != trial_key(task, blocks, fidelity, seed).digest:
        raise BenchmarkInputError(f"{folder} holds another training; allowed: a new folder, or one of this training")
    return (folder / WEIGHTS).is_dir()


def save(
    folder: Path, home: Path, task: Task, name: str, blocks: Sequence[Block], fidelity: Fidelity, seed: int
) -> Saved:
    """Copy what a training with this seed kept under `home` (`evaluators.weights`) into a folder of its own.

    Raises NoResultError where nothing was kept: by then it is trained.
    """
    network = tuple(blocks)
    key = trial_key(task, network, fidelity, seed)
    kept = kept_folder(home, key)
    if not is_kept(kept):
        raise NoResultError(
            f"{kept} has no weights of {name} with seed {seed}: it was trained by a machine that shares no home with "
            "this one"
        )
    settings = {"task": task.name, "dataset": task.dataset, "classes": task.classes}
    settings |= {"class_names": list(task.class_names), "data_version": key.data_version}
    settings |= {"fidelity": dataclasses.asdict(fidelity), "seed": seed, "trial": key.digest}
    if isinstance(task, DatasetTask) and task.augmentation is not None:
        settings["augmentation"] = dataclasses.asdict(task.augmentation)
    write_json(folder / SETTINGS, settings)
    write_network(folder / NETWORK, name, network)
    copy_kept(kept, folder)
    return Saved(folder, name, network, task, fidelity, key.data_version)


def read_saved(folder: Path) -> Saved:
    """The network of such a folder, its weights not read yet.

    Raises BenchmarkInputError, HardwareInputError or TaskInputError for a folder that is none.
    """
    if not (folder / WEIGHTS).is_dir():
        raise BenchmarkInputError(f"{folder} has no {WEIGHTS}/; allowed: a folder that `accelnas train --save` wrote")
    settings = _read(folder / SETTINGS)
    if missing := [name for name in _FIELDS if name not in settings]:
        raise BenchmarkInputError(f"{folder / SETTINGS} has no {missing[0]!r}; allowed: what `accelnas train` wrote")
    for name, kind, what in (
        *((name, str, "a name") for name in ("task", "dataset", "data_version")),
        ("classes", int, "a whole number"),
    ):
        if type(settings[name]) is not kind:
            raise BenchmarkInputError(f"{folder / SETTINGS}: {name} is {short(settings[name])}; allowed: {what}")
    augmentation = None
    if "augmentation" in settings:
        given = _fields(settings["augmentation"], folder / SETTINGS, "augmentation", Augmentation, 0)
        augmentation = Augmentation(**given)
    task = make_task(settings["task"], settings["dataset"], settings["classes"], augmentation)
    if settings["class_names"] != list(task.class_names):
        raise BenchmarkInputError(
            f"{task.dataset} has classes {short(list(task.class_names), 100)}; those of {folder} are "
            f"{short(settings['class_names'], 100)}"
        )
    network = load_network(folder / NETWORK)
    check_fits(folder / NETWORK, network.blocks, task)
    fidelity = Fidelity(**_fields(settings["fidelity"], folder / SETTINGS, "fidelity", Fidelity, 1))
    return Saved(folder, network.name, network.blocks, task, fidelity, settings["data_version"])


def _fields(content: Any, path: Path, what: str, settings: type[Fidelity | Augmentation], least: int) -> dict[str, Any]:
    """The content of a file's object with the fields of such settings.  least: of whole numbers."""
    kinds: dict[str, tuple[Any, str, float]] = {
        "str": (str, "a name", 0),
        "bool": (bool, "true or false", 0),
        "int": (int, f"whole numbers from {least}", least),
        "float": ((int, float), "numbers from 0", 0),
    }
    wanted = {field.name: kinds[str(field.type)] for field in dataclasses.fields(settings)}
    if not isinstance(content, dict) or content.keys() != wanted.keys():
        raise BenchmarkInputError(f'{path}: "{what}" has other fields; allowed: {", ".join(wanted)}')
    for name, (kind, allowed, lowest) in wanted.items():
        value = content[name]
        whole = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if not whole or (kind is not str and value < lowest):
            raise BenchmarkInputError(f'{path}: "{what}" has {name} {short(value)}; allowed: {allowed}')
    return content


def _read(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path)
    except HardwareInputError as error:
        raise BenchmarkInputError(str(error)) from error
    if not isinstance(found, dict):
        raise BenchmarkInputError(f"{path} holds no object; allowed: what `accelnas train` wrote")
    return found
