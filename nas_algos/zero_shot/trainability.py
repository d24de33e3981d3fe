"""Trainability in the article's sense: from the network's topology, nonlinearity and operations.

Four scores that look at different things, none of them at size alone, combined by ranks as AZ-NAS does (J. Lee and
B. Ham, arXiv:2403.19232, its non-linear ranking aggregation):

    zen      topology and operations: how strongly the features answer to the image
    naswot   nonlinearity: how well its activations tell images apart
    zico     whether the examples' gradients agree
    ntk      conditioning: whether all directions are learned at like speed

The sum over scores of log(rank / networks), the worst having rank 1.  The logarithm punishes a network that is poor in
one respect more than it rewards one that is good.  A score's scale does not matter and no weight is tuned: which scores
and how to combine them was chosen before any accuracy was seen.  Ranks are among the networks scored together, so
compare within one call only; a network for which one of the four is NaN has no rank.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

PARTS = ("zen", "naswot", "zico", "ntk")


def trainability(scores: Mapping[str, np.ndarray]) -> np.ndarray:
    """Combined score, float64 [n], of the parts' scores [n]."""
    from scipy.stats import rankdata  # takes half a second, which other scores need not pay

    table = np.stack([np.asarray(scores[name], np.float64) for name in PARTS])
    known = np.isfinite(table).all(0)
    combined = np.full(table.shape[1], np.nan)
    if known.any():
        combined[known] = np.log(rankdata(table[:, known], axis=1) / known.sum()).sum(0)
    return combined
