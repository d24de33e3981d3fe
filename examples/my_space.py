"""A search space of one's own for detection: accelnas search --task detection --space examples/my_space.py"""

from tasks.spaces.layer import Decision, Layer, Presence
from tasks.spaces.space import SearchSpace

decisions = (
    Decision("width", (8, 16, 24)),
    Decision("body", ("ibn_3", "fused_ibn_3", "conv")),
    Decision("depth", (1, 2)),
)
layers = (
    Layer("conv", "width", stride=2),
    Layer("body", "width", stride=2),
    Layer("body", "width", stride=2),
    Layer("body", "width", present=Presence("depth", (2,))),
    Layer("conv", 5, kernel=1, activation=False),  # detection predicts 5 channels
)
SPACE = SearchSpace("mine", decisions, layers, input_side=96)
