"""Small networks for the tests."""

from hw_model.blocks import Block

SMALL = (
    Block("conv", 96, 96, 3, 16, 3, 2),
    Block("ibn", 48, 48, 16, 16, 3, 1, 1, residual=True),
    Block("fused_ibn", 48, 48, 16, 24, 3, 2, 4),
    Block("ibn", 24, 24, 24, 24, 5, 1, 6, residual=True),
    Block("ibn", 24, 24, 24, 40, 3, 2, 6),
    Block("fused_ibn", 12, 12, 40, 40, 3, 1, 2, residual=True),
    Block("conv", 12, 12, 40, 64, 1, 1),
)
UNALIGNED = (
    Block("conv", 96, 64, 3, 13, 5, 2),
    Block("ibn", 48, 32, 13, 21, 3, 2, 3),
    Block("ibn", 24, 16, 21, 21, 3, 1, 5, residual=True),
    Block("fused_ibn", 24, 16, 21, 35, 5, 2, 3),
    Block("conv", 12, 8, 35, 7, 1, 1, activation=False),
)
ALL_KINDS = (
    Block("conv", 32, 32, 3, 16, 3, 2),
    Block("max_pool", 16, 16, 16, 16, 2, 2),
    Block("depthwise", 8, 8, 16, 16, 3, 1),
    Block("upsample", 8, 8, 16, 16, stride=2),
    Block("conv", 16, 16, 16, 24, 1),
    Block("global_pool", 16, 16, 24, 24),
    Block("conv", 1, 1, 24, 10, 1, activation=False),
)
NETWORKS = {"small": SMALL, "unaligned": UNALIGNED, "all kinds": ALL_KINDS}
