"""How the networks of the tables are trained: the recipe "search", cheap enough for a thousand of each task.

Learning rate and batch size were chosen on validation examples by the baselines' quality, over rates from .0025 to .08
and batches of 8, 16 and 32 (results/tables/recipe_sweep.csv: one seed).  Batches of 16 take an accelerator less time
than batches of 8, and the baselines' quality at their best rates is within .025 of what batches of 8 give.
"""

from __future__ import annotations

from types import MappingProxyType

from tasks.fidelity import Fidelity

SEARCH: MappingProxyType[str, Fidelity] = MappingProxyType(
    {
        "classification": Fidelity(
            "quick", 20_000, 25_600, "validation", 4_000, batch_size=16, peak_learning_rate=0.02
        ),
        "detection": Fidelity("quick", 20_000, 12_800, "validation", 1_000, batch_size=16, peak_learning_rate=0.04),
        "segmentation": Fidelity("quick", 20_000, 12_800, "validation", 1_000, batch_size=16, peak_learning_rate=0.04),
    }
)
