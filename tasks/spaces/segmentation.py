"""The segmentation network that the search starts from, as one would design it for a CPU, and the article's sub-spaces.

Few MACs, all depthwise, channels as they come (no processor of scalars minds 20).  The article searched
channel sizes, fusion, and the dimensions of input and output: each alone here, and all together.
"""

from __future__ import annotations

from types import MappingProxyType

from tasks.spaces.layer import Choice
from tasks.spaces.lowering import scale_channels
from tasks.spaces.skeleton import CHANNEL_STEP, Skeleton, Stage

SKELETON = Skeleton(
    stem_channels=12,
    stages=(Stage(12, stride=2), Stage(20, stride=2), Stage(36, stride=1), Stage(56, stride=2)),
    sides=(96, 80, 64),
    decoder_channels=(36, 20),
)
ARTICLE_SPACES = ("channels", "fusion", "sides", "article")
# beside the baseline's channels, such shares of them in whole steps
CHANNEL_SHARES = (1.0, 0.75, 0.5)


def article_choices(skeleton: Skeleton) -> MappingProxyType[str, dict[str, tuple[Choice, ...]]]:
    """The choices of each of ARTICLE_SPACES, the baseline's first; what they do not name stays the baseline's.

    channels: of the stem, each stage and each step of the decoder.  fusion: of each block.  sides: of the input and of
    the output, which the output stride sets.  article: all of them.
    """
    channels: dict[str, tuple[Choice, ...]] = {
        name: tuple(dict.fromkeys((c, *(scale_channels(c, share, CHANNEL_STEP) for share in CHANNEL_SHARES))))
        for name, c in skeleton.channels.items()
    }
    fusion: dict[str, tuple[Choice, ...]] = skeleton.fusions()
    sides = {d.name: d.choices for d in skeleton.other_decisions() if d.name in ("output_stride", "input_side")}
    each = {"channels": channels, "fusion": fusion, "sides": sides}
    return MappingProxyType(each | {"article": channels | fusion | sides})
