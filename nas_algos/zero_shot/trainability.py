"""Trainability in the article's sense: from the network's topology, nonlinearity and operations.

Four scores that look at different things, none of them at size alone, combined by ranks (`sum_of_log_ranks`):

    zen      topology and operations: how strongly the features answer to the image
    naswot   nonlinearity: how well its activations tell images apart
    zico     whether the examples' gradients agree
    ntk      conditioning: whether all directions are learned at like speed

Which scores and how to combine them was chosen before any accuracy was seen.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nas_algos.zero_shot.log_ranks import sum_of_log_ranks

PARTS = ("zen", "naswot", "zico", "ntk")


def trainability(scores: Mapping[str, np.ndarray]) -> np.ndarray:
    """Combined score, float64 [n], of the parts' scores [n]."""
    return sum_of_log_ranks(scores, PARTS)
