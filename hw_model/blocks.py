"""The building block that networks are made of: one definition for the cost model and for the trained network.

Spaces, tables and trained networks are chains of `Block`.  A network that somebody brings may have `GraphBlock`s as
well, which have a cost alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hw_model.errors import HardwareInputError, short
from hw_model.kinds import KINDS, kind_names

MAX_SIZE = 4096
"""Height and width of any block's input and output, in pixels."""
MAX_CHANNELS = 8192
MAX_KERNEL = 7
MAX_STRIDE = 3
MAX_EXPANSION = 16
MAX_BLOCKS = 256
MAX_WINDOW = 64
"""Height, width and strides of a GraphBlock's window."""
NETWORK_INPUT = -1
"""Position that stands for the network's input."""


@dataclass(frozen=True)
class Block:
    """One block of a chain network, with the shape it meets there."""

    kind: str
    """A name in `hw_model.kinds.KINDS`, which says what each of them is."""
    height: int
    """Of the input, in pixels.  Convolutions and pools pad "same": the output is ceil(size / stride)."""
    width: int
    """Of the input, in pixels."""
    in_channels: int
    """Of the whole block."""
    out_channels: int
    """Of the whole block."""
    kernel: int = 3
    """Height and width of its window, where its kind has one."""
    stride: int = 1
    """Of the window; the factor of an upsample."""
    expansion: int = 1
    """Hidden channels / in_channels, of kinds that expand."""
    residual: bool = False
    """The input is added to the output (needs stride 1 and equal channels)."""
    activation: bool = True
    """ReLU6 after a conv or depthwise; the projection of ibn and fused_ibn is linear always."""

    @property
    def hidden_channels(self) -> int:
        """Channels between expansion and projection."""
        return self.in_channels * self.expansion

    @property
    def expands(self) -> bool:
        """Whether the parts stand that are left out where nothing expands."""
        return self.hidden_channels != self.in_channels

    @property
    def window(self) -> tuple[int, int]:
        """Height and width of its window."""
        return self.kernel, self.kernel

    @property
    def strides(self) -> tuple[int, int]:
        """Of the window, down and across."""
        return self.stride, self.stride

    @property
    def out_height(self) -> int:
        """Output height in pixels."""
        return KINDS[self.kind].out_size(self.height, self.stride)

    @property
    def out_width(self) -> int:
        """Output width in pixels."""
        return KINDS[self.kind].out_size(self.width, self.stride)


@dataclass(frozen=True)
class GraphBlock(Block):
    """A block with sizes that a `Block` cannot have, or with other neighbours than the block before and behind it."""

    kernel_width: int = 0
    """Of the window; 0 where it is as wide as high.  `kernel` is the height, which may be even here."""
    stride_width: int = 0
    """Of the window, across; 0 for the same as down."""
    hidden: int = 0
    """Hidden channels; 0 for in_channels x expansion."""
    valid: bool = False
    """No padding: the output is ceil((size - kernel + 1) / stride)."""
    takes: tuple[int, ...] = ()
    """Positions of the blocks whose outputs it takes, several joined along the channels; none for the block before."""
    adds: int | None = None
    """Position of the block whose output is added to this one's; an activation then follows the addition."""

    @property
    def hidden_channels(self) -> int:
        """Channels between expansion and projection."""
        return self.hidden or self.in_channels * self.expansion

    @property
    def window(self) -> tuple[int, int]:
        """Height and width of its window."""
        return self.kernel, self.kernel_width or self.kernel

    @property
    def strides(self) -> tuple[int, int]:
        """Of the window, down and across."""
        return self.stride, self.stride_width or self.stride

    @property
    def out_height(self) -> int:
        """Output height in pixels."""
        return KINDS[self.kind].out_size(self.height, self.strides[0], self.window[0] if self.valid else 1)

    @property
    def out_width(self) -> int:
        """Output width in pixels."""
        return KINDS[self.kind].out_size(self.width, self.strides[1], self.window[1] if self.valid else 1)


def sources(block: Block, position: int) -> tuple[int, ...]:
    """Positions of the blocks whose outputs the block at this position takes, NETWORK_INPUT for the input."""
    return (block.takes if isinstance(block, GraphBlock) else ()) or (position - 1,)


def added(block: Block) -> int | None:
    """Position of the block whose output is added to this one's, where there is one."""
    return block.adds if isinstance(block, GraphBlock) else None


def read(block: Block, position: int) -> tuple[int, ...]:
    """Positions of all whose outputs it takes or adds."""
    other = added(block)
    return (*sources(block, position), *(() if other is None else (other,)))


def outputs(blocks: Sequence[Block]) -> list[int]:
    """Positions of the blocks whose outputs no block takes: the network's outputs."""
    taken = {source for position, block in enumerate(blocks) for source in read(block, position)}
    return [position for position in range(len(blocks)) if position not in taken]


def is_chain(blocks: Sequence[Block]) -> bool:
    """Whether spaces, tables and trained networks can hold it, and not costs alone."""
    return not any(isinstance(block, GraphBlock) or _only_costed(block) for block in blocks)


def _only_costed(block: Block) -> bool:
    return isinstance(block.kind, str) and block.kind in KINDS and KINDS[block.kind].only_costed


def check_block(block: Block, position: int = 0) -> None:
    """Raise HardwareInputError, naming the block by its position and the field, unless every field is allowed."""
    where = f"block {position}"
    # a kind may be anything that JSON can hold
    if not isinstance(block.kind, str) or block.kind not in KINDS:
        raise HardwareInputError(f"{where}: unknown kind {short(block.kind)}; allowed: {', '.join(KINDS)}")
    kind = KINDS[block.kind]
    free = isinstance(block, GraphBlock)
    limits = {
        "height": MAX_SIZE,
        "width": MAX_SIZE,
        "in_channels": MAX_CHANNELS,
        "out_channels": MAX_CHANNELS,
        "kernel": MAX_WINDOW if free else MAX_KERNEL,
        "stride": MAX_WINDOW if free else MAX_STRIDE,
        "expansion": MAX_EXPANSION,
    }
    if free:  # 0 stands for the block's own rule here
        limits |= {"kernel_width": MAX_WINDOW, "stride_width": MAX_WINDOW, "hidden": MAX_CHANNELS * MAX_EXPANSION}
    for field, limit in limits.items():
        value = getattr(block, field)
        least = 0 if field in ("kernel_width", "stride_width", "hidden") else 1
        # bool is an int to Python, and True as a size is a mistake
        if type(value) is not int or not least <= value <= limit:
            raise HardwareInputError(
                f"{where} ({block.kind}): {field} is {short(value)}; allowed: whole numbers 1 to {limit}"
            )
    for field in ("residual", "activation", *(("valid",) if free else ())):
        if type(value := getattr(block, field)) is not bool:
            raise HardwareInputError(f"{where} ({block.kind}): {field} is {short(value)}; allowed: true, false")
    if min(block.out_height, block.out_width) < 1:
        raise HardwareInputError(
            f"{where} ({block.kind}): an unpadded window of {block.window[0]} x {block.window[1]} on "
            f"{block.height} x {block.width} pixels; allowed: at most as large as its input"
        )
    if max(block.out_height, block.out_width) > MAX_SIZE:
        raise HardwareInputError(
            f"{where} ({block.kind}): gives {block.out_height} x {block.out_width}; allowed: at most {MAX_SIZE} pixels"
        )
    if free and block.hidden and (block.expansion != 1 or not kind.has_hidden):
        raise HardwareInputError(
            f"{where} ({block.kind}): hidden is {block.hidden}; allowed: without expansion, for "
            f"{_listed(kind_names(lambda kind: kind.has_hidden), 'and')}"
        )
    # 3 is what a Block has that says nothing of its kernel
    windowless = block.window == (1, 1) if free else block.kernel in (1, 3)
    if not kind.has_kernel and (not windowless or (free and block.valid)):
        raise HardwareInputError(f"{where} ({block.kind}): has no window; allowed: a kernel of 1, padding same")
    if not kind.has_stride and block.strides != (1, 1):
        raise HardwareInputError(f"{where} ({block.kind}): has no window to move; allowed: a stride of 1")
    if not free and block.kernel % 2 == 0 and kind.has_window:
        raise HardwareInputError(f"{where} ({block.kind}): kernel is {block.kernel}; allowed: odd numbers")
    if block.expansion != 1 and not kind.expands:
        expand = _listed(kind_names(lambda kind: kind.expands), "and")
        raise HardwareInputError(f"{where} ({block.kind}): expansion is {block.expansion}; only {expand} expand")
    if kind.keeps_channels and block.in_channels != block.out_channels:
        raise HardwareInputError(
            f"{where} ({block.kind}): {block.in_channels} channels in and {block.out_channels} out; they must be equal"
        )
    keeps_shape = block.strides == (1, 1) and (block.out_height, block.out_width) == (block.height, block.width)
    if block.residual and not (keeps_shape and block.in_channels == block.out_channels and kind.may_add):
        adding = _listed(kind_names(lambda kind: kind.may_add), "or")
        raise HardwareInputError(f"{where} ({block.kind}): a residual needs a {adding} of stride 1 with equal channels")


def _listed(names: Sequence[str], last: str) -> str:
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def check_network(blocks: Sequence[Block]) -> None:
    """Raise HardwareInputError unless the blocks are allowed and each takes what those that it names give."""
    if not 1 <= len(blocks) <= MAX_BLOCKS:
        raise HardwareInputError(f"network has {len(blocks)} blocks; allowed: 1 to {MAX_BLOCKS}")
    for position, block in enumerate(blocks):
        check_block(block, position)
    first = blocks[0]
    shapes = {NETWORK_INPUT: (first.height, first.width, first.in_channels)}
    for position, block in enumerate(blocks):
        taken, other = sources(block, position), added(block)
        for place in read(block, position):
            if type(place) is not int or not NETWORK_INPUT <= place < position:
                raise HardwareInputError(
                    f"block {position} ({block.kind}): takes or adds block {short(place)}; allowed: blocks before it"
                )
        gives = _joined([shapes[place] for place in taken])
        takes = (block.height, block.width, block.in_channels)
        if gives != takes:
            given = f"block {taken[0]} gives" if len(taken) == 1 else f"blocks {', '.join(map(str, taken))} give"
            raise HardwareInputError(
                f"block {position} ({block.kind}): takes {_shown(takes)} (height x width x channels) but "
                f"{given} {_shown(gives) if gives else 'different sizes'}"
            )
        shapes[position] = (block.out_height, block.out_width, block.out_channels)
        if other is not None and shapes[other] != shapes[position]:
            raise HardwareInputError(
                f"block {position} ({block.kind}): gives {_shown(shapes[position])} but adds block {other}, which "
                f"gives {_shown(shapes[other])}; they must be equal"
            )


def _joined(shapes: Sequence[tuple[int, int, int]]) -> tuple[int, int, int] | None:
    """Of tensors joined along their channels; None where their heights or widths differ."""
    sizes = {shape[:2] for shape in shapes}
    return (*shapes[0][:2], sum(shape[2] for shape in shapes)) if len(sizes) == 1 else None


def _shown(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def check_chain(blocks: Sequence[Block]) -> None:
    """Raise HardwareInputError unless they are a chain of blocks: what spaces, tables and trained networks hold."""
    for position, block in enumerate(blocks):
        if not is_chain([block]):
            what = "" if _only_costed(block) else " of sizes or neighbours of its own"
            raise HardwareInputError(
                f"block {position} is a {block.kind}{what}; allowed here: chains of {_chain_kinds()}"
            )
    check_network(blocks)


def _chain_kinds() -> str:
    return ", ".join(kind_names(lambda kind: not kind.only_costed))
