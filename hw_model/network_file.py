"""Networks as JSON that people write by hand.

    {"name": "tiny", "input": [96, 96, 3],
     "blocks": [{"kind": "conv", "channels": 16, "stride": 2},
                {"kind": "ibn", "channels": 24, "stride": 2, "expansion": 6, "kernel": 3},
                {"kind": "ibn", "channels": 24, "expansion": 6, "residual": true, "repeat": 2}]}

"input" is height, width and channels.  A block takes what the one before it gives.  Its "kind" is one of
hw_model.kinds.KINDS; "channels" are those it gives (needed unless its kind keeps them); "kernel" (3, or 1 where its
kind has none), "stride" (1; for upsample the factor, 2), "expansion" (1), "residual" (false), "activation" (true) and
"repeat" (1) have the defaults in brackets.  `hw_model.network_schema` says the same as a JSON Schema.

A network whose cost alone is asked for may have more: "kernel" and "stride" to 64, and as [height, width], even
numbers among them; "hidden" channels instead of an expansion; "padding" "valid" instead of "same"; and other
neighbours.  A block with a "name" can be taken from elsewhere: "from" names the block (or a list of blocks, joined
along the channels) that it takes instead of the one before, "input" being the network's; "add" names the block whose
output is added to its own, before its activation.  What no block takes is an output.

    {"input": [32, 32, 3],
     "blocks": [{"kind": "conv", "channels": 16, "name": "start"},
                {"kind": "conv", "channels": 32, "kernel": 1, "stride": 2, "activation": false, "name": "shortcut"},
                {"kind": "conv", "channels": 32, "stride": 2, "from": "start"},
                {"kind": "conv", "channels": 32, "add": "shortcut"},
                {"kind": "avg_pool", "kernel": [8, 8], "stride": 8},
                {"kind": "dense", "channels": 10, "activation": false}]}
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hw_model.blocks import (
    MAX_BLOCKS,
    MAX_CHANNELS,
    MAX_EXPANSION,
    MAX_KERNEL,
    MAX_SIZE,
    MAX_STRIDE,
    MAX_WINDOW,
    NETWORK_INPUT,
    Block,
    GraphBlock,
    check_block,
    check_network,
)
from hw_model.errors import HardwareInputError, short
from hw_model.json_file import read_json
from hw_model.kinds import KINDS
from hw_model.network_text import INPUT_NAME

EXAMPLES = Path(__file__).parent / "networks"
"""Published networks that ship with the package."""

FEWEST_PIXELS = 32
"""Along a side of what is taken for a picture with its channels first, and not for three rows of features."""
_BLOCK_FIELDS = (
    *("kind", "channels", "kernel", "stride", "expansion", "residual", "activation", "repeat"),
    *("hidden", "padding", "name", "from", "add"),
)
_CHAIN_VALUES = {"kernel_width": 0, "stride_width": 0, "hidden": 0, "valid": False, "takes": (), "adds": None}
"""Of a GraphBlock that might as well be a Block."""
MAX_NAME = 40


class Network(NamedTuple):
    """A named network of blocks."""

    name: str
    """As its file says, or the file's name."""
    blocks: tuple[Block, ...]
    """In order."""
    entries: tuple[int, ...] = ()
    """Of each block, the place of its entry in the file's list, which may repeat; none where there is no such file."""


def load_network(path: Path | str) -> Network:
    """The network of a JSON file, or the one of this name that ships, such as "mobilenet_v2_050".

    Raises HardwareInputError, one line naming the block, for anything that is not one.
    """
    path = find_network(Path(path))
    content = read_json(path)
    try:
        return parse_network(content, path.stem)
    except HardwareInputError as error:
        raise HardwareInputError(f"network file {path}: {error}") from error


def parse_network(content: Any, default_name: str = "network") -> Network:
    """The network of decoded JSON; raises HardwareInputError as load_network does."""
    if not isinstance(content, dict) or not {"input", "blocks"} <= content.keys():
        raise HardwareInputError('a network is an object with "input" and "blocks"')
    _only(content, ("name", "source", "input", "blocks"), "network")
    shape, entries = content["input"], content["blocks"]
    if not (isinstance(shape, list) and len(shape) == 3 and all(type(size) is int for size in shape)):
        raise HardwareInputError(f'"input" is {short(shape)}; allowed: [height, width, channels] in whole numbers')
    if not (all(1 <= size <= MAX_SIZE for size in shape[:2]) and 1 <= shape[2] <= MAX_CHANNELS):
        raise HardwareInputError(
            f'"input" is {short(shape)}; allowed: whole numbers, height and width 1 to {MAX_SIZE}, channels 1 to '
            f"{MAX_CHANNELS}"
        )
    if shape[0] == 3 and shape[1] == shape[2] >= FEWEST_PIXELS:
        last = [*shape[1:], shape[0]]
        raise HardwareInputError(f'"input" is {shape}, channels first; allowed: height, width, channels: {last}')
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_BLOCKS:
        found = f"{len(entries)} entries" if isinstance(entries, list) else short(entries)
        raise HardwareInputError(f'"blocks" has {found}; allowed: a list of 1 to {MAX_BLOCKS}')
    blocks: list[Block] = []
    origins: list[int] = []
    names = {INPUT_NAME: NETWORK_INPUT}
    for position, entry in enumerate(entries):
        for _ in range(_repeat(entry, position)):
            blocks.append(_block(entry, position, blocks, shape, names))
            origins.append(position)
        if "name" in entry:
            _name(entry["name"], position, names, len(blocks) - 1)
    check_network(blocks)
    name = content.get("name", default_name)
    if not isinstance(name, str) or not name.isprintable():
        raise HardwareInputError(f'"name" is {short(name)}; allowed: a text of one line')
    return Network(name[:80], tuple(blocks), tuple(origins))


def _repeat(entry: Any, position: int) -> int:
    where = f"block {position}"
    if not isinstance(entry, dict) or "kind" not in entry:
        raise HardwareInputError(f'{where} is {short(entry)}; allowed: an object with a "kind"')
    _only(entry, _BLOCK_FIELDS, where)
    repeat = entry.get("repeat", 1)
    if type(repeat) is not int or not 1 <= repeat <= MAX_BLOCKS:
        raise HardwareInputError(f"{where}: repeat is {short(repeat)}; allowed: whole numbers 1 to {MAX_BLOCKS}")
    if repeat > 1 and {"from", "add"} & entry.keys():
        raise HardwareInputError(f"{where}: repeat is {repeat}; allowed with from or add: 1")
    return repeat


def _name(name: Any, position: int, names: dict[str, int], place: int) -> None:
    """Note where the block of that name stands."""
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME or not name.isprintable() or name in names:
        raise HardwareInputError(
            f"block {position}: name is {short(name)}; allowed: a text of 1 to {MAX_NAME} characters that no other "
            f"block has, nor {INPUT_NAME!r}"
        )
    names[name] = place


def _block(
    entry: dict[str, Any], position: int, before: Sequence[Block], shape: Sequence[int], names: dict[str, int]
) -> Block:
    name = entry["kind"]
    where = f"block {position} ({str(name)[:20]})"
    kind = KINDS.get(name) if isinstance(name, str) else None  # check_block refuses others
    if kind is not None and not kind.keeps_channels and "channels" not in entry:
        raise HardwareInputError(f'{where} needs "channels"')
    for flag in ("residual", "activation"):
        if not isinstance(entry.get(flag, False), bool):
            raise HardwareInputError(f"{where}: {flag} is {short(entry[flag])}; allowed: true or false")
    if entry.get("padding", "same") not in ("same", "valid"):
        raise HardwareInputError(f"{where}: padding is {short(entry['padding'])}; allowed: same, valid")
    last = len(before) - 1
    takes = tuple(_place(each, where, "from", names) for each in _listed(entry.get("from"), where))
    takes = () if takes == (last,) else takes
    height, width, channels = _joined(where, [_given(before, shape, place) for place in takes or (last,)])
    kernel = entry.get("kernel", 3 if kind is None or kind.has_kernel else 1)
    stride = entry.get("stride", 2 if kind is not None and kind.enlarges else 1)
    (kernel, kernel_width), (stride, stride_width) = (
        _sides(value, where, field) for field, value in (("kernel", kernel), ("stride", stride))
    )
    block = Block(
        kind=name,
        height=height,
        width=width,
        in_channels=channels,
        out_channels=entry.get("channels", channels),
        kernel=kernel,
        stride=stride,
        expansion=entry.get("expansion", 1),
        residual=entry.get("residual", False),
        activation=entry.get("activation", True),
    )
    more = {
        "kernel_width": kernel_width,
        "stride_width": stride_width,
        "hidden": entry.get("hidden", 0),
        "valid": entry.get("padding") == "valid",
        "takes": takes,
        "adds": _place(entry["add"], where, "add", names) if "add" in entry else None,
    }
    if "hidden" in entry and (type(entry["hidden"]) is not int or entry["hidden"] < 1):
        raise HardwareInputError(
            f"{where}: hidden is {short(entry['hidden'])}; allowed: whole numbers 1 to {MAX_CHANNELS * MAX_EXPANSION}"
        )
    both = any(isinstance(entry.get(field), list) for field in ("kernel", "stride"))
    large = any(type(size) is int and size > most for size, most in ((kernel, MAX_KERNEL), (stride, MAX_STRIDE)))
    even = kind is not None and kind.has_window and type(kernel) is int and kernel % 2 == 0
    pool = kind is not None and kind.only_costed and kind.has_kernel  # of any size
    # which check_block then refuses; 3 is what a Block has that says nothing of its kernel
    ignored = kind is not None and (
        (not kind.has_kernel and kernel not in (1, 3)) or (not kind.has_stride and stride != 1)
    )
    own = any(more[name] != default for name, default in _CHAIN_VALUES.items())
    if both or large or even or pool or ignored or own:
        block = GraphBlock(**vars(block), **more)
    check_block(block, position)
    return block


def _sides(value: Any, where: str, field: str) -> tuple[Any, int]:
    """Height, and width where it is another; check_block refuses what is not a list."""
    if not isinstance(value, list):
        return value, 0
    if len(value) != 2 or not all(type(each) is int and 1 <= each <= MAX_WINDOW for each in value):
        raise HardwareInputError(
            f"{where}: {field} is {short(value)}; allowed: [height, width] in whole numbers 1 to {MAX_WINDOW}"
        )
    return value[0], value[1] if value[1] != value[0] else 0


def _listed(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list) and not 1 <= len(value) <= MAX_BLOCKS:
        raise HardwareInputError(f"{where}: from is {short(value)}; allowed: a name or a list of names")
    return value if isinstance(value, list) else [value]


def _place(name: Any, where: str, field: str, names: dict[str, int]) -> int:
    if not isinstance(name, str) or name not in names:
        raise HardwareInputError(
            f"{where}: {field} is {short(name)}; allowed: names of blocks before it: {short(', '.join(names), 80)}"
        )
    return names[name]


def _given(before: Sequence[Block], shape: Sequence[int], place: int) -> Sequence[int]:
    if place == NETWORK_INPUT:
        return shape
    return before[place].out_height, before[place].out_width, before[place].out_channels


def _joined(where: str, shapes: Sequence[Sequence[int]]) -> tuple[int, int, int]:
    if len({(height, width) for height, width, _ in shapes}) > 1:
        sizes = ", ".join(f"{height}x{width}" for height, width, _ in shapes)
        raise HardwareInputError(f"{where}: takes tensors of {sizes[:80]}; allowed: of one height and width")
    return shapes[0][0], shapes[0][1], sum(channels for _, _, channels in shapes)


def _only(content: dict[str, Any], allowed: tuple[str, ...], where: str) -> None:
    unknown = [str(name) for name in content if name not in allowed]
    if unknown:
        raise HardwareInputError(f"{where}: unknown {', '.join(unknown)[:80]!r}; allowed: {', '.join(allowed)}")


def find_network(path: Path) -> Path:
    """The path, or that of the network of this name that ships.  Raises HardwareInputError where there is neither."""
    if os.path.exists(path):  # unlike Path.exists, False for names that are too long
        return path
    shipped = {example.stem: example for example in sorted(EXAMPLES.glob("*.json"))}
    if str(path) in shipped:
        return shipped[str(path)]
    raise HardwareInputError(f"no network file {path}; allowed: a JSON or .tflite file or one of {', '.join(shipped)}")
