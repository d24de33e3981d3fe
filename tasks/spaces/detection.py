"""The detector that the article starts from, and its search spaces.

The baseline is a MobileNetV2-like (arXiv:1801.04381) chain of inverted bottlenecks of expansion 6 down to stride 8 and
one predicting layer.  The article's spaces: V1 scales all channels by one width multiplier; V2 replaces inverted
bottlenecks by fused ones, each with its own expansion; V3 does both.
"""

from __future__ import annotations

from types import MappingProxyType

from tasks.spaces.layer import Choice
from tasks.spaces.lowering import MULTIPLIER
from tasks.spaces.skeleton import Skeleton, Stage

SKELETON = Skeleton(
    stem_channels=16,
    stages=(Stage(16, stride=2), Stage(24, stride=2), Stage(48, stride=1), Stage(64, stride=1)),
    sides=(96,),
)
ARTICLE_SPACES = ("V1", "V2", "V3")
# in steps of 8 channels each of them makes another network
WIDTH_MULTIPLIERS = (1.0, 0.875, 0.8125, 0.75, 0.625, 0.5)


def article_choices(skeleton: Skeleton) -> MappingProxyType[str, dict[str, tuple[Choice, ...]]]:
    """The choices of each of ARTICLE_SPACES, the baseline's first; what they do not name stays the baseline's."""
    multiplier: dict[str, tuple[Choice, ...]] = {MULTIPLIER: WIDTH_MULTIPLIERS}
    fusion: dict[str, tuple[Choice, ...]] = skeleton.fusions()
    return MappingProxyType({"V1": multiplier, "V2": fusion, "V3": multiplier | fusion})
