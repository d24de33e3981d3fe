"""Channels of one's own over detection's skeleton: accelnas curate-compare examples/my_channels.py --task detection"""

from tasks.registry import make_task
from tasks.spaces.registry import skeleton_for
from tasks.spaces.skeleton import space_over

task = make_task("detection")
skeleton = skeleton_for(task)
choices = {
    "channels_2": (12, 24, 36),
    "channels_3": (24, 36, 48, 60),
    "channels_4": (36, 48, 60, 72),
    **skeleton.fusions(),  # which blocks are fused
}
SPACE = space_over(skeleton, "multiples-of-12", choices, task.output_channels)
