"""Rule: even out the channels across the model.

Networks designed for few MACs give late layers many channels and early ones few.  An accelerator with lanes for a fixed
number of channels idles in the early ones, and the late ones hold most of the parameters.
"""

from __future__ import annotations

from tasks.expert.chains import channel_groups, channels_change, set_channels
from tasks.expert.rule import Architecture, Rewrite, Rule


def propose(blocks: Architecture, place: int, parallelism: int) -> tuple[Rewrite, ...]:
    """All channels but the predicting layer's the same, or half the way there, for every multiple of the parallelism
    factor from the least channels to the first one that is no less than the most.
    """
    widths = [block.out_channels for block in blocks]
    inner = [widths[group[0]] for group in channel_groups(blocks)]
    if place != 0 or not inner or len(set(inner)) == 1:
        return ()
    targets = range(-(-min(inner) // parallelism) * parallelism, max(inner) + parallelism, parallelism)
    rewrites = []
    for target in targets:
        for share in (1.0, 0.5):
            moved = [max(1, round(width + share * (target - width))) for width in widths[:-1]]
            new = set_channels(blocks, [*moved, widths[-1]])
            rewrites.append(Rewrite(f"channels {channels_change(blocks, new)}", new))
    return tuple(rewrites)


EVEN_CHANNELS = Rule(
    "even_channels",
    "early layers with few channels leave lanes idle, late layers with many hold most of the parameters",
    propose,
)
