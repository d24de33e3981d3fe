"""Rule: scale the channels of the whole network by one width multiplier, in steps of the parallelism factor.

What the other rules have won in capacity (a fused block has more MACs than what it replaces) is spent on latency.
"""

from __future__ import annotations

from tasks.expert.chains import channels_change, set_channels
from tasks.expert.rule import Architecture, Rewrite, Rule
from tasks.spaces.lowering import scale_channels

MULTIPLIERS = (0.875, 0.75, 0.625, 0.5)


def propose(blocks: Architecture, place: int, parallelism: int) -> tuple[Rewrite, ...]:
    """The network with each of MULTIPLIERS; channels go to the nearest multiple of the factor, one at least.

    Those that rounding would make larger stay as they are.
    """
    if place != 0:
        return ()
    rewrites = []
    for multiplier in MULTIPLIERS:
        inner = [min(b.out_channels, scale_channels(b.out_channels, multiplier, parallelism)) for b in blocks[:-1]]
        new = set_channels(blocks, [*inner, blocks[-1].out_channels])
        if new != blocks:
            rewrites.append(Rewrite(f"x{multiplier:g}: channels {channels_change(blocks, new)}", new))
    return tuple(rewrites)


WIDTH_MULTIPLIER = Rule(
    "width_multiplier",
    "capacity that the other rules have added can be given back as fewer channels everywhere",
    propose,
)
