"""Networks as JSON that people write by hand.

    {"name": "tiny", "input": [96, 96, 3],
     "blocks": [{"kind": "conv", "channels": 16, "stride": 2},
                {"kind": "ibn", "channels": 24, "stride": 2, "expansion": 6, "kernel": 3},
                {"kind": "ibn", "channels": 24, "expansion": 6, "residual": true, "repeat": 2}]}

"input" is height, width and channels.  A block takes what the one before it gives.  Its "kind" is one of
hw_model.kinds.KINDS; "channels" are those it gives (needed unless its kind keeps them); "kernel" (3, or 1 where its
kind has none), "stride" (1; for upsample the factor, 2), "expansion" (1), "residual" (false), "activation" (true) and
"repeat" (1) have the defaults in brackets.  `network_schema` says the same as a JSON Schema.
"""

from __future__ import annotations

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
    Block,
    check_block,
    check_chain,
)
from hw_model.errors import HardwareInputError, short
from hw_model.json_file import read_json
from hw_model.kinds import KINDS

EXAMPLES = Path(__file__).parent / "networks"
"""Published networks that ship with the package."""

_BLOCK_FIELDS = ("kind", "channels", "kernel", "stride", "expansion", "residual", "activation", "repeat")


def network_schema() -> dict[str, Any]:
    """A network file's JSON Schema (draft 2020-12)."""

    def whole(most: int) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": most}

    block = {
        "kind": {"enum": list(KINDS)},
        "channels": whole(MAX_CHANNELS),
        "kernel": whole(MAX_KERNEL),
        "stride": whole(MAX_STRIDE),
        "expansion": whole(MAX_EXPANSION),
        "residual": {"type": "boolean"},
        "activation": {"type": "boolean"},
        "repeat": whole(MAX_BLOCKS),
    }
    entry = {"type": "object", "required": ["kind"], "additionalProperties": False, "properties": block}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A chain network for accelnas cost",
        "type": "object",
        "required": ["input", "blocks"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string"},
            "source": {"type": "string"},
            "input": {"type": "array", "minItems": 3, "maxItems": 3, "items": whole(MAX_SIZE)},
            "blocks": {"type": "array", "minItems": 1, "maxItems": MAX_BLOCKS, "items": entry},
        },
    }


class Network(NamedTuple):
    """A named chain of blocks."""

    name: str
    """As its file says, or the file's name."""
    blocks: tuple[Block, ...]
    """In order."""


def load_network(path: Path) -> Network:
    """The network of a JSON file; HardwareInputError, one line naming the block, for anything that is not one."""
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
    if not all(1 <= size <= MAX_SIZE for size in shape):
        raise HardwareInputError(f'"input" is {short(shape)}; allowed: whole numbers 1 to {MAX_SIZE}')
    if shape[0] in (1, 3) and shape[1] == shape[2] > 4:
        last = [*shape[1:], shape[0]]
        raise HardwareInputError(f'"input" is {shape}, channels first; allowed: height, width, channels: {last}')
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_BLOCKS:
        found = f"{len(entries)} entries" if isinstance(entries, list) else short(entries)
        raise HardwareInputError(f'"blocks" has {found}; allowed: a list of 1 to {MAX_BLOCKS}')
    blocks: list[Block] = []
    height, width, channels = shape
    for position, entry in enumerate(entries):
        for _ in range(_repeat(entry, position)):
            block = _block(entry, position, height, width, channels)
            blocks.append(block)
            height, width, channels = block.out_height, block.out_width, block.out_channels
    check_chain(blocks)
    name = content.get("name", default_name)
    if not isinstance(name, str) or not name.isprintable():
        raise HardwareInputError(f'"name" is {short(name)}; allowed: a text of one line')
    return Network(name[:80], tuple(blocks))


def _repeat(entry: Any, position: int) -> int:
    where = f"block {position}"
    if not isinstance(entry, dict) or "kind" not in entry:
        raise HardwareInputError(f'{where} is {short(entry)}; allowed: an object with a "kind"')
    _only(entry, _BLOCK_FIELDS, where)
    repeat = entry.get("repeat", 1)
    if type(repeat) is not int or not 1 <= repeat <= MAX_BLOCKS:
        raise HardwareInputError(f"{where}: repeat is {short(repeat)}; allowed: whole numbers 1 to {MAX_BLOCKS}")
    return repeat


def _block(entry: dict[str, Any], position: int, height: int, width: int, channels: int) -> Block:
    name = entry["kind"]
    where = f"block {position} ({str(name)[:20]})"
    kind = KINDS.get(name) if isinstance(name, str) else None  # check_block refuses others
    if kind is not None and not kind.keeps_channels and "channels" not in entry:
        raise HardwareInputError(f'{where} needs "channels"')
    for flag in ("residual", "activation"):
        if not isinstance(entry.get(flag, False), bool):
            raise HardwareInputError(f"{where}: {flag} is {short(entry[flag])}; allowed: true or false")
    block = Block(
        kind=name,
        height=height,
        width=width,
        in_channels=channels,
        out_channels=entry.get("channels", channels),
        kernel=entry.get("kernel", 3 if kind is None or kind.has_kernel else 1),
        stride=entry.get("stride", 2 if kind is not None and kind.enlarges else 1),
        expansion=entry.get("expansion", 1),
        residual=entry.get("residual", False),
        activation=entry.get("activation", True),
    )
    check_block(block, position)
    return block


def _only(content: dict[str, Any], allowed: tuple[str, ...], where: str) -> None:
    unknown = [str(name) for name in content if name not in allowed]
    if unknown:
        raise HardwareInputError(f"{where}: unknown {', '.join(unknown)[:80]!r}; allowed: {', '.join(allowed)}")


def network_content(name: str, blocks: Sequence[Block], source: str = "") -> dict[str, Any]:
    """A chain as the JSON that `parse_network` reads back to equal blocks."""
    entries = []
    for block in blocks:
        entry: dict[str, Any] = {"kind": block.kind, "kernel": block.kernel, "stride": block.stride}
        if not KINDS[block.kind].keeps_channels:
            entry["channels"] = block.out_channels
        if block.expansion != 1:
            entry["expansion"] = block.expansion
        if block.residual:
            entry["residual"] = True
        if not block.activation:
            entry["activation"] = False
        entries.append(entry)
    first = blocks[0]
    told = {"source": source} if source else {}
    return {"name": name, **told, "input": [first.height, first.width, first.in_channels], "blocks": entries}


def summary(blocks: Sequence[Block]) -> str:
    """A chain in one line that people can read, such as "96x96x3: conv 16 /2, fused_ibn_3 24 k5, conv 5 k1"."""
    words = []
    for block in blocks:
        kind = KINDS[block.kind]
        name = f"{block.kind}_{block.expansion}" if block.expansion != 1 else block.kind
        channels = "" if kind.keeps_channels else f" {block.out_channels}"
        kernel = "" if block.kernel == 3 or not kind.has_kernel else f" k{block.kernel}"
        stride = f" {'x' if kind.enlarges else '/'}{block.stride}" if block.stride != 1 else ""
        words.append(f"{name}{channels}{kernel}{stride}")
    return f"{blocks[0].height}x{blocks[0].width}x{blocks[0].in_channels}: {', '.join(words)}"
