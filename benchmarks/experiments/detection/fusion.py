"""Which inverted bottlenecks are worth fusing: each block of the baseline fused alone, the network compiled whole."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from hw_model.vela.accelerators import get_accelerator
from hw_model.vela.chain import whole_cost
from hw_model.vela.measurements import MeasurementCache
from tasks.spaces.space import SearchSpace


def fusion_table(space: SearchSpace, accelerators: Sequence[str], cache: MeasurementCache) -> pd.DataFrame:
    """One row for each accelerator, decision and choice of a fusion space: latency, and its reduction in per cent.

    Costs only, nothing is trained.
    """
    rows = []
    baseline = (0,) * len(space.decisions)
    for name in accelerators:
        accelerator = get_accelerator(name)
        reference = whole_cost(space.decode(baseline), accelerator, cache).latency_ms
        for position, decision in enumerate(space.decisions):
            for index, choice in enumerate(decision.choices[1:], start=1):
                genotype = (*baseline[:position], index, *baseline[position + 1 :])
                cost = whole_cost(space.decode(genotype), accelerator, cache)
                rows.append(
                    {
                        "accelerator": name,
                        "decision": decision.name,
                        "choice": choice,
                        "latency_ms": cost.latency_ms,
                        "latency_reduction_pct": 100 * (1 - cost.latency_ms / reference),
                        "macs": cost.macs,
                    }
                )
    return pd.DataFrame(rows)
