"""Non-linear rank aggregation: J. Lee and B. Ham, AZ-NAS (arXiv:2403.19232, its non-linear ranking aggregation)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def sum_of_log_ranks(scores: Mapping[str, np.ndarray], parts: tuple[str, ...]) -> np.ndarray:
    """Sum over parts of log(rank / networks), the worst having rank 1: float64 [n] of the parts' scores [n].

    The logarithm punishes a network that is poor in one respect more than it rewards one that is good.  A score's scale
    does not matter and no weight is tuned.  Ranks are among the networks scored together, so compare within one call
    only; a network for which a part is NaN has no rank, and NaN here.
    """
    from scipy.stats import rankdata  # takes half a second, which other scores need not pay

    table = np.stack([np.asarray(scores[name], np.float64) for name in parts])
    known = np.isfinite(table).all(0)
    combined = np.full(table.shape[1], np.nan)
    if known.any():
        combined[known] = np.log(rankdata(table[:, known], axis=1) / known.sum()).sum(0)
    return combined
