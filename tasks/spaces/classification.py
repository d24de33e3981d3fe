"""The classifier that the search starts from: inverted bottlenecks, depthwise throughout, more channels with depth."""

from __future__ import annotations

from tasks.spaces.skeleton import Skeleton, Stage

SKELETON = Skeleton(
    stem_channels=16,
    stages=(Stage(16, stride=1), Stage(24, stride=2), Stage(48, stride=2), Stage(96, stride=2)),
    sides=(64,),
    pool=True,
)
