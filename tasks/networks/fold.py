"""Batch normalisation folded into the convolution before it, as deployment has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hw_model.blocks import Block
from hw_model.kinds import KINDS
from hw_model.vela.tflite_float import Weights
from tasks.networks.batch_norm import EPSILON
from tasks.networks.blocks import layer_name


def fold(blocks: Sequence[Block], variables: Any) -> list[Weights]:
    """Kernel and bias of each convolution of a chain, in the order of `hw_model.operators.chain_operators`.

    variables: {"params", "batch_stats"} of a `ChainNetwork` of these blocks.  Computed in double precision.
    """
    found = []
    for index, block in enumerate(blocks):
        name = layer_name(index, block)
        for convolution in KINDS[block.kind].standing_convolutions(block.expands):
            params = variables["params"][name]
            kernel = np.asarray(params[convolution.name]["kernel"], np.float64)
            if convolution.part.predicts and not block.activation:
                factor, bias = 1.0, np.asarray(params["bias"], np.float64)
            else:
                norm = params[convolution.norm] | variables["batch_stats"][name][convolution.norm]
                scale, shift, mean, variance = (
                    np.asarray(norm[each], np.float64) for each in ("scale", "bias", "mean", "var")
                )
                factor = scale / np.sqrt(variance + EPSILON)
                bias = shift - mean * factor
            # output channels are the last axis of the kernel of either operator
            found.append(Weights((kernel * factor).astype(np.float32), bias.astype(np.float32)))
    return found
