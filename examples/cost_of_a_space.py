"""Latency and MACs of every network of a space in one compiled call: python examples/cost_of_a_space.py

Prints how well MACs rank latency, and the fastest network of each number of channels.
"""

import sys
from pathlib import Path

import jax
import numpy as np
from scipy import stats

from hw_model.cost_models import cost_model
from tasks.spaces.registry import load_space

ACCELERATOR = "ethos-u65-512"


def main() -> None:
    """Cost all genotypes of the space beside this file, or of the one that is named."""
    here = Path(__file__).parent / "my_space.py"
    space = load_space(Path(sys.argv[1]) if len(sys.argv) > 1 else here)
    genotypes = np.indices(space.cardinalities).reshape(len(space.cardinalities), -1).T.astype(np.int32)
    estimate = cost_model(ACCELERATOR).estimate
    cost = jax.jit(lambda rows: estimate(space.lower(rows)).cost)(genotypes)
    latency_ms, macs = np.asarray(cost.latency_ms), np.asarray(cost.macs)
    tau, _ = stats.kendalltau(macs, latency_ms)
    print(f"{len(genotypes)} networks of {space.name} on {ACCELERATOR}; Kendall's tau of MACs with latency: {tau:.2f}")
    for width in range(space.cardinalities[0]):
        rows = np.flatnonzero(genotypes[:, 0] == width)
        best = rows[latency_ms[rows].argmin()]
        print(f"{space.describe(genotypes[best].tolist())}: {latency_ms[best]:.4f} ms, {macs[best] / 1e6:.2f} M MACs")


if __name__ == "__main__":
    main()
