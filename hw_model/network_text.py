"""Networks written down: as the JSON that `hw_model.network_file` reads, and in one line that people read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hw_model.blocks import NETWORK_INPUT, Block, GraphBlock, added, sources
from hw_model.kinds import KINDS

INPUT_NAME = "input"
"""What blocks of the JSON call the network's input."""


def network_content(name: str, blocks: Sequence[Block], source: str = "") -> dict[str, Any]:
    """A network as the JSON that `parse_network` reads back to equal blocks."""
    entries: list[dict[str, Any]] = []
    for position, block in enumerate(blocks):
        entry: dict[str, Any] = {"kind": block.kind, "kernel": block.kernel, "stride": block.stride}
        if not KINDS[block.kind].keeps_channels:
            entry["channels"] = block.out_channels
        if block.expansion != 1:
            entry["expansion"] = block.expansion
        if block.residual:
            entry["residual"] = True
        if not block.activation:
            entry["activation"] = False
        if isinstance(block, GraphBlock):
            entry |= _graph_content(block, position)
        entries.append(entry)
    for place in {place for block in blocks if isinstance(block, GraphBlock) for place in (*block.takes, block.adds)}:
        if place is not None and place != NETWORK_INPUT:
            entries[place]["name"] = _label(place)
    first = blocks[0]
    origin = {"source": source} if source else {}
    return {"name": name, **origin, "input": [first.height, first.width, first.in_channels], "blocks": entries}


def _graph_content(block: GraphBlock, position: int) -> dict[str, Any]:
    entry: dict[str, Any] = {"kernel": [*block.window], "stride": [*block.strides]}
    if not KINDS[block.kind].has_kernel:
        entry["kernel"] = 1
    if block.hidden:
        entry["hidden"] = block.hidden
    if block.valid:
        entry["padding"] = "valid"
    if block.takes:
        entry["from"] = [_label(place) for place in sources(block, position)]
    if block.adds is not None:
        entry["add"] = _label(block.adds)
    return entry


def _label(place: int) -> str:
    return INPUT_NAME if place == NETWORK_INPUT else f"block {place}"


def summary(blocks: Sequence[Block]) -> str:
    """A network in one line that people can read, such as "96x96x3: conv 16 /2, fused_ibn_3 24 k5, conv 5 k1".

    What a block takes from elsewhere or adds stands behind it, as in "conv 32 from 3 and 7, dense 10 plus 2".
    """
    words = []
    for position, block in enumerate(blocks):
        kind = KINDS[block.kind]
        name = f"{block.kind}_{block.expansion}" if block.expansion != 1 else block.kind
        channels = "" if kind.keeps_channels else f" {block.out_channels}"
        window, strides = _times(block.window), _times(block.strides)
        kernel = "" if window == "3" or not kind.has_kernel else f" k{window}"
        stride = f" {'x' if kind.enlarges else '/'}{strides}" if strides != "1" else ""
        words.append(f"{name}{channels}{kernel}{stride}{_neighbours(block, position)}")
    return f"{blocks[0].height}x{blocks[0].width}x{blocks[0].in_channels}: {', '.join(words)}"


def _times(sides: tuple[int, int]) -> str:
    return str(sides[0]) if sides[0] == sides[1] else f"{sides[0]}x{sides[1]}"


def _neighbours(block: Block, position: int) -> str:
    """In words, what it takes, adds and hides other than a block of a chain."""
    if not isinstance(block, GraphBlock):
        return ""
    words = f" hidden {block.hidden}" if block.hidden else ""
    if block.takes:
        words += f" from {' and '.join('input' if p == NETWORK_INPUT else str(p) for p in sources(block, position))}"
    other = added(block)
    return words + ("" if other is None else f" plus {'input' if other == NETWORK_INPUT else other}")
