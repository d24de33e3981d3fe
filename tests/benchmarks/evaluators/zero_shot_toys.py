"""Tiny spaces with the three tasks' heads, and examples for them."""

import jax
import numpy as np

from benchmarks.evaluators.zero_shot import make_scorer
from hw_model.blocks import Block
from hw_model.kinds import KINDS
from hw_model.workload import Workload, workload_from_chains
from tasks.classification.task import ClassificationTask
from tasks.detection.task import DetectionTask
from tasks.networks.gates import Gates, make_gates
from tasks.segmentation.task import SegmentationTask
from tasks.spaces.layer import Decision, Layer, Presence
from tasks.spaces.slots import Slot
from tasks.spaces.space import SearchSpace
from tests.tasks.networks.supernet_spaces import predicting

EXAMPLES = 5
# LLVM's optimisations cost most of the time of functions that run a few times only
QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}

# an odd side, a kind without hidden channels, an ibn without expanding convolution, a place that may be empty before
# another block
CLASSIFICATION = SearchSpace(
    "toy classification",
    (
        Decision("stem", (4, 6)),
        Decision("kernel", (3, 5)),
        Decision("block", ("ibn_1", "ibn_2", "conv")),
        Decision("layers", (1, 2)),
    ),
    (
        Layer("conv", "stem", stride=2),
        Layer("depthwise", None, present=Presence("layers", (2,))),
        Layer("block", "stem", kernel="kernel"),
        Layer("global_pool", kernel=1),
        predicting(3),
    ),
    input_side=9,
    input_channels=1,
)
# a residual, channels that change
DETECTION = SearchSpace(
    "toy detection",
    (
        Decision("width_multiplier", (1.0, 0.5)),
        Decision("block_1", ("ibn_3", "fused_ibn_2")),
        Decision("layers", (1, 2)),
    ),
    (
        Layer("conv", 4, stride=2),
        Layer("block_1", 8, stride=2),
        Layer("fused_ibn_1", 8, present=Presence("layers", (2,))),
        predicting(5),
    ),
    input_side=(16, 12),
    channel_step=2,
)
# images of two sizes, an output of two, a place that may be empty before another block
SEGMENTATION = SearchSpace(
    "toy segmentation",
    (
        Decision("input_side", (16, 12)),
        Decision("channels", (6, 4)),
        Decision("block", ("fused_ibn_2", "conv")),
        Decision("layers", (1, 2)),
        Decision("output_stride", (1, 2)),
    ),
    (
        Layer("block", "channels", stride=2),
        Layer("depthwise", None, present=Presence("layers", (2,))),
        Layer("conv", "channels"),
        Layer("upsample", kernel=1, stride=2, present=Presence("output_stride", (1,))),
        Layer("conv", 5, present=Presence("output_stride", (1,))),
        predicting(3),
    ),
    input_side="input_side",
)
SPACES = {"classification": CLASSIFICATION, "detection": DETECTION, "segmentation": SEGMENTATION}
TASKS = {
    "classification": ClassificationTask(classes=3),
    "detection": DetectionTask(classes=1),
    "segmentation": SegmentationTask(classes=2),
}


def examples(name, count=EXAMPLES, seed=0):
    """Random arrays, as the task's own would be."""
    slot, generator = SPACES[name].slots[0], np.random.default_rng(seed)
    side = slot.height
    arrays = {"images": generator.integers(0, 256, (count, side, side, slot.in_channels)).astype(np.uint8)}
    if name == "classification":
        return arrays | {"labels": generator.integers(0, 3, count).astype(np.int32)}
    if name == "segmentation":
        return arrays | {"masks": generator.integers(0, 3, (count, side, side)).astype(np.uint8)}
    corners = np.sort(generator.uniform(0, 1, (count, 2, 2, 2)), axis=2).reshape(count, 2, 4)
    return arrays | {"boxes": corners.astype(np.float32), "labels": np.zeros((count, 2), np.int32)}


def toy_scorer(name, names, key, arrays=None, chunk=2):
    """A scorer of the toy space, over all of its examples."""
    arrays = examples(name) if arrays is None else arrays
    batch = len(arrays["images"])
    return make_scorer(TASKS[name], SPACES[name], names, key, arrays, batch, chunk, compiler_options=QUICKLY)


def one_network(blocks: tuple[Block, ...]) -> tuple[tuple[Slot, ...], Workload, Gates]:
    """Slots that hold just these blocks, with the workload's row and gates: an architecture compiled by itself."""
    slots = tuple(
        Slot(
            kinds=(block.kind,),
            height=block.height,
            width=block.width,
            in_channels=block.in_channels,
            out_channels=block.out_channels,
            hidden_channels=block.hidden_channels if KINDS[block.kind].has_hidden else 0,
            kernel=block.kernel,
            stride=block.stride,
            optional=False,
            activation=block.activation,
        )
        for block in blocks
    )
    row = jax.tree.map(lambda column: column[0], workload_from_chains([blocks]))
    return slots, row, make_gates(slots, row)
