"""What a search space may hold: every choice of every decision, and the networks that they come to.

`space` is a `tasks.spaces.space.SearchSpace`, which calls the checks while it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from hw_model.blocks import MAX_BLOCKS, MAX_CHANNELS, MAX_EXPANSION, MAX_KERNEL, MAX_SIZE, MAX_STRIDE, Block
from hw_model.errors import short
from hw_model.kinds import KINDS, kind_names
from hw_model.workload import Workload
from tasks.errors import TaskInputError
from tasks.sides import is_side
from tasks.spaces.layer import Decision, Layer, Presence, parse_block
from tasks.spaces.lowering import MULTIPLIER
from tasks.task import Task

MAX_MULTIPLIER = 16
MAX_NAME = 60
DRAWN = 64
"""Random genotypes that are looked at besides those of one other choice."""


def check_fields(space: Any) -> None:
    """Raise TaskInputError, naming the decision or the layer, unless each field and choice is allowed by itself."""
    if not isinstance(space.name, str) or not 1 <= len(space.name) <= MAX_NAME:
        raise TaskInputError(f"space: name is {short(space.name)}; allowed: a text of 1 to {MAX_NAME} characters")
    if not space.name.isprintable() or "/" in space.name:
        raise TaskInputError(f"space: name is {short(space.name)}; allowed: one line without a slash")
    where = f"space {space.name}"
    for field, kind in (("decisions", Decision), ("layers", Layer), ("fixed", Decision)):
        value = getattr(space, field)
        if not isinstance(value, tuple) or not all(isinstance(each, kind) for each in value):
            raise TaskInputError(f"{where}: {field} is {short(value)}; allowed: a tuple, each of {kind.__name__}")
    if not space.decisions or not 1 <= len(space.layers) <= MAX_BLOCKS:
        raise TaskInputError(
            f"{where}: {len(space.decisions)} decisions, {len(space.layers)} layers; allowed: one and more of each, "
            f"{MAX_BLOCKS} layers at most"
        )
    decisions = (*space.decisions, *space.fixed)
    for decision in decisions:
        _check_decision(where, decision)
    if wrong := [each for each in space.fixed if len(each.choices) != 1]:
        raise TaskInputError(f"{where}: fixed decision {short(wrong[0].name)} has several choices; allowed: one")
    names = [decision.name for decision in decisions]
    if twice := [name for name in names if names.count(name) > 1]:
        raise TaskInputError(f"{where}: decision {short(twice[0])} occurs twice; allowed: once")
    choices = {decision.name: decision.choices for decision in decisions}
    _check_each(f"{where}: input_side", space.input_side, choices, _SIDE)
    _check_each(f"{where}: input_channels", space.input_channels, {}, _whole(MAX_CHANNELS))
    _check_each(f"{where}: channel_step", space.channel_step, {}, _whole(MAX_CHANNELS))
    for each in choices.get(MULTIPLIER, ()):
        _check_each(f"{where}: {MULTIPLIER}", each, {}, _MULTIPLIER)
    for place, layer in enumerate(space.layers):
        at = f"{where}: layer {place}"
        _check_each(f"{at}: block", layer.block, choices, _BLOCK)
        if layer.channels is not None:
            _check_each(f"{at}: channels", layer.channels, choices, _whole(MAX_CHANNELS))
        kinds = {parse_block(each)[0] for each in choices.get(layer.block, (layer.block,))}
        centred = any(KINDS[kind].has_window for kind in kinds)
        _check_each(f"{at}: kernel", layer.kernel, choices, _ODD if centred else _whole(MAX_KERNEL))
        _check_each(f"{at}: stride", layer.stride, {}, _whole(MAX_STRIDE))
        for flag in ("activation", "fixed_channels", "residual"):
            _check_each(f"{at}: {flag}", getattr(layer, flag), {}, _FLAG)
        _check_presence(at, layer.present, choices)


def check_networks(space: Any) -> None:
    """Raise TaskInputError, naming the choices, where a network of `probes` is not allowed."""
    genotypes = probes(space)
    for wrong, words in _faults(space.lower(genotypes)):
        if wrong.any():
            row, layer = np.argwhere(wrong)[0].tolist()
            chosen = space.describe(genotypes[row].tolist())
            first = space.describe((0,) * len(space.decisions))
            other = {name: choice for name, choice in chosen.items() if choice != first[name]} or chosen
            raise TaskInputError(f"space {space.name}: layer {layer} with {short(other, 80)}: {words}")


def check_against_task(space: Any, task: Task) -> None:
    """Raise TaskInputError unless all networks of `probes` take the task's images and give what it predicts."""
    if space.input_channels != task.channels:
        raise TaskInputError(
            f"space {space.name}: input_channels is {space.input_channels}; allowed for {task.name} on {task.dataset}: "
            f"{task.channels}"
        )
    work = space.lower(probes(space))
    last = np.max(np.where(work.mask, np.arange(work.mask.shape[-1]), 0), axis=-1)
    gives = np.unique(np.take_along_axis(np.asarray(work.out_channels), last[:, None], axis=-1)).tolist()
    if wrong := [count for count in gives if count != task.output_channels]:
        raise TaskInputError(
            f"space {space.name}: its networks give {wrong[0]} channels; allowed for {task.name} on {task.dataset}: "
            f"{task.output_channels}, whatever is chosen"
        )
    outputs = [chain[-1] for chain in space.decode_all(probes(space))]
    if fault := next(filter(None, (output_fault(last, task) for last in outputs)), None):
        raise TaskInputError(f"space {space.name}: {fault}, whatever is chosen")


def output_fault(last: Block, task: Task) -> str | None:
    """What is wrong with the size of a network's output for the task, and what is allowed; None if nothing is."""
    size = (last.out_height, last.out_width)
    if task.name != "classification" or size == (1, 1):
        return None
    return f"its output is {size[0]} x {size[1]}; allowed for {task.name}: 1 x 1 (global_pool)"


def check_one_size(space: Any, task: Task) -> None:
    """Raise TaskInputError where a supernet or a zero-shot score would take wrong sizes of the space's networks.

    They read the input's size from the first place and the output's from the input of the last; and where sides vary,
    their canvas is larger than some network's output, which not every task takes.
    """
    first, last = space.slots[0], space.slots[-1]
    if first.optional:
        raise TaskInputError(
            f"space {space.name}: its first layer may be missing; allowed with a supernet or a zero-shot score: one "
            "that is always there"
        )
    steps = any(KINDS[kind].out_size(2, last.stride) != 2 for kind in last.kinds)
    # what classification takes is one pixel whatever gives it
    if task.name != "classification" and (last.optional or steps):
        raise TaskInputError(
            f"space {space.name}: its last layer {'may be missing' if last.optional else 'changes the size'}; allowed "
            f"for {task.name} with a supernet or a zero-shot score: one that is always there and keeps the size"
        )
    if task.takes_size:
        return
    largest = tuple(KINDS[last.kinds[0]].out_size(pixels, last.stride) for pixels in (last.height, last.width))
    for blocks in space.decode_all(probes(space)):
        size = blocks[-1].out_height, blocks[-1].out_width
        if size != largest:
            raise TaskInputError(
                f"space {space.name}: outputs are {size[0]} x {size[1]} to {largest[0]} x {largest[1]}; allowed for "
                f"{task.name} with a supernet or a zero-shot score: one size; else search with trainings"
            )


def probes(space: Any) -> np.ndarray:
    """Genotypes int32[n, D]: the first, all that differ from it in one choice, the last, and DRAWN random ones."""
    cardinalities = np.array(space.cardinalities)
    rows = [np.zeros((1, len(cardinalities)), np.int32), cardinalities[None] - 1]
    for place, count in enumerate(cardinalities.tolist()):
        changed = np.zeros((count - 1, len(cardinalities)), np.int32)
        changed[:, place] = np.arange(1, count)
        rows.append(changed)
    rows.append(np.random.default_rng(0).integers(0, cardinalities, (DRAWN, len(cardinalities))))
    return np.concatenate(rows).astype(np.int32)


def _faults(work: Workload) -> Iterator[tuple[np.ndarray, str]]:
    """bool[n, L] of what may not be, in words, as `hw_model.blocks.check_block` has it."""
    keeps = np.array([kind.keeps_channels for kind in KINDS.values()])[work.kind]
    changed = keeps & (work.in_channels != work.out_channels)
    yield work.mask & changed, "this kind of block gives the channels that it takes"
    windows, moves = (
        np.array([getattr(kind, what) for kind in KINDS.values()])[work.kind] for what in ("has_kernel", "has_stride")
    )
    yield work.mask & ~windows & (work.kernel != 1) & (work.kernel != 3), "has no window; allowed: a kernel of 1 or 3"
    yield work.mask & ~moves & (work.stride != 1), "has no window to move; allowed: a stride of 1"
    wide = np.maximum(work.in_channels, work.out_channels) > MAX_CHANNELS
    yield work.mask & wide, f"allowed: at most {MAX_CHANNELS} channels"
    enlarges = np.array([kind.enlarges for kind in KINDS.values()])[work.kind]
    yield work.mask & enlarges & (work.stride == 1), f"enlarges by its stride, 1; allowed: 2 to {MAX_STRIDE}"
    longer = np.maximum(work.height, work.width)
    size = np.maximum(longer, np.where(enlarges, longer * work.stride, 0))
    yield work.mask & (size > MAX_SIZE), f"allowed: at most {MAX_SIZE} pixels"
    yield np.broadcast_to(~work.mask.any(-1, keepdims=True), work.mask.shape), "no layer is left"


def _check_decision(where: str, decision: Decision) -> None:
    name, choices = short(decision.name), decision.choices
    if not isinstance(decision.name, str) or not decision.name:
        raise TaskInputError(f"{where}: a decision is called {name}; allowed: a text")
    if not isinstance(choices, tuple) or not choices:
        raise TaskInputError(f"{where}: decision {name} has choices {short(choices)}; allowed: a tuple of one and more")
    for choice in choices:
        if not isinstance(choice, str | int | float) or isinstance(choice, bool):
            raise TaskInputError(f"{where}: decision {name} has {short(choice)}; allowed: texts and numbers")
    if len(set(choices)) < len(choices):
        raise TaskInputError(f"{where}: decision {name} has a choice twice; allowed: once")


def _check_presence(where: str, present: Any, choices: dict[str, tuple[Any, ...]]) -> None:
    if present is None:
        return
    if not isinstance(present, Presence) or present.decision not in choices:
        raise TaskInputError(f"{where}: present is {short(present)}; allowed: Presence of {short([*choices], 100)}")
    allowed = choices[present.decision]
    if not isinstance(present.choices, tuple) or not present.choices or set(present.choices) - set(allowed):
        raise TaskInputError(
            f"{where}: present with {short(present.choices)} of {present.decision!r}; allowed: {short(allowed, 100)}"
        )


Rule = tuple[Callable[[Any], bool], str]
"""What a value must be, and how that is called."""


def _check_each(what: str, value: Any, choices: dict[str, tuple[Any, ...]], rule: Rule) -> None:
    """A constant, or each choice of the decision that it names."""
    allowed, words = rule
    named = isinstance(value, str) and value in choices
    for each in choices[value] if named else (value,):
        if not allowed(each):
            decision = f" (decision {value!r})" if named else ""
            known = f", or one of the decisions {short([*choices], 80)}" if choices and not named else ""
            raise TaskInputError(f"{what}{decision} is {short(each)}; allowed: {words}{known}")


def _whole(most: int) -> Rule:
    return lambda value: type(value) is int and 1 <= value <= most, f"whole numbers 1 to {most}"


def _is_block(value: Any) -> bool:
    try:
        return isinstance(value, str) and 1 <= parse_block(value)[1] <= MAX_EXPANSION
    except (TaskInputError, ValueError):  # no such kind, or thousands of digits
        return False


def _is_multiplier(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_MULTIPLIER


_KINDS = ", ".join(kind_names(lambda kind: not kind.only_costed))
_BLOCK: Rule = (_is_block, f"{_KINDS}, with an expansion of 1 to {MAX_EXPANSION} as in ibn_6")
_ODD: Rule = (lambda value: type(value) is int and value % 2 == 1 and 1 <= value <= MAX_KERNEL, "1, 3, 5, 7")
_MULTIPLIER: Rule = (_is_multiplier, f"numbers above 0 to {MAX_MULTIPLIER}")
_SIDE: Rule = (lambda value: is_side(value, 1, MAX_SIZE), f"whole numbers 1 to {MAX_SIZE}, or (height, width) of them")
_FLAG: Rule = (lambda value: isinstance(value, bool), "True or False")
