"""Rule: an inverted bottleneck becomes a fused one, with one of a few expansions.

Xiong et al., MobileDets, arXiv:2004.14525: where images are large and channels few, one k x k convolution keeps an
accelerator busier than a 1x1 and a depthwise one, although it has more MACs.  The rule proposes it for every block,
early or late; the procedure's cost model decides where it pays.
"""

from __future__ import annotations

from tasks.expert.chains import block_name, expanded
from tasks.expert.rule import Architecture, Rewrite, Rule

FUSED_EXPANSIONS = (3, 4, 6)


def propose(blocks: Architecture, place: int, parallelism: int) -> tuple[Rewrite, ...]:
    """The block fused, with each expansion of FUSED_EXPANSIONS that is not larger than its own."""
    del parallelism
    block = blocks[place]
    if block.kind != "ibn":
        return ()
    most = block.hidden_channels / block.in_channels
    fused = [expanded(block, "fused_ibn", e) for e in FUSED_EXPANSIONS if e <= most]
    return tuple(
        Rewrite(f"{block_name(block)} becomes {block_name(new)}", (*blocks[:place], new, *blocks[place + 1 :]))
        for new in fused
    )


FUSE_IBN = Rule(
    "fuse_ibn",
    "one k x k convolution keeps the multipliers busier than a 1x1 and a depthwise one where channels are few",
    propose,
)
