"""The segmentation network that the search starts from, as one would design it for a CPU.

Few MACs, all depthwise, channels as they come (no processor of scalars minds 20), a fine output.
"""

from __future__ import annotations

from tasks.spaces.skeleton import Skeleton, Stage

SKELETON = Skeleton(
    stem_channels=12,
    stages=(Stage(12, stride=2), Stage(20, stride=2), Stage(36, stride=1)),
    sides=(96, 80, 64),
    decoder_channels=(20, 12),
)
