"""Rule: align channels to the accelerator's parallelism factor.

So many channels are computed at a time.  A layer with one channel more than a multiple pays for a whole further turn;
with all of that turn's channels it would cost about the same and hold more.
"""

from __future__ import annotations

from tasks.expert.chains import channel_groups, set_channels
from tasks.expert.rule import Architecture, Rewrite, Rule


def propose(blocks: Architecture, place: int, parallelism: int) -> tuple[Rewrite, ...]:
    """At the first block of a run of equal channels: the multiples of the parallelism factor below and above."""
    group = next((group for group in channel_groups(blocks) if group[0] == place), None)
    width = blocks[place].out_channels
    if group is None or width % parallelism == 0:
        return ()
    rewrites = []
    for aligned in (width // parallelism * parallelism, -(-width // parallelism) * parallelism):
        if aligned:
            channels = [aligned if p in group else block.out_channels for p, block in enumerate(blocks)]
            change = f"channels of blocks {group[0]} to {group[-1]} from {width} to {aligned}"
            rewrites.append(Rewrite(change, set_channels(blocks, channels)))
    return tuple(rewrites)


ALIGN_CHANNELS = Rule(
    "align_channels",
    "channels are computed a fixed number at a time, so what lies between two multiples costs as much as the upper one",
    propose,
)
