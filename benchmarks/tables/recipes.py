"""How networks of the tables are trained: by the recipe "search", cheap enough for a thousand of each task, or "final".

Learning rates and batch sizes were chosen on validation examples by the baselines' quality, over rates from .0025 to
.08 and batches of 8, 16 and 32, one seed, and batches of 32 for four and eight times as many passes, two seeds
(`accelnas reproduce recipes`).  Search: batches of 16 take an accelerator less time than batches of 8, and the
baselines' quality at their best rates is within .025 of what batches of 8 give.

Final has eight times the passes of search.  What twice the passes add there was not measured; from half of them to all
they added .055 mAP and .014 mIoU (.09 accuracy from 51,200 to 102,400, of 204,800).  So segmentation meets "twice the
passes add less than .015", if gains go on to shrink; detection and classification do not, nor take the half hour of a
core that was the other end, by eight times the median seconds of search (docs/results/tables.md has the minutes).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
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
FINAL: MappingProxyType[str, Fidelity] = MappingProxyType(
    {name: replace(recipe, example_passes=8 * recipe.example_passes, batch_size=32) for name, recipe in SEARCH.items()}
)
RECIPES = MappingProxyType({"search": SEARCH, "final": FINAL})

# the seed of sweeps, apart from those of searches; of sweeps with several, all of them.  Networks of the design's first
# cells have some of them too: what tells a sweep's training is the baseline's network with one of these
SWEEP_SEED = 1_000_000
SWEEP_SEEDS = range(SWEEP_SEED, SWEEP_SEED + 6)
# rates of a sweep, relative to this
SWEEP_RATE = 0.02


def sweep(task: str) -> Iterator[tuple[Fidelity, tuple[float, ...], tuple[int, ...]]]:
    """What recipes were chosen by: (recipe, learning rates relative to its own, a seed for each)."""
    base = replace(SEARCH[task], peak_learning_rate=SWEEP_RATE)
    for batch in (8, 16, 32):
        rates = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0)
        yield replace(base, batch_size=batch), rates, (SWEEP_SEED,) * len(rates)
    for passes in (51_200, 102_400):
        rates = (0.5, 0.5, 1.0, 1.0, 2.0, 2.0)
        yield replace(base, example_passes=passes, batch_size=32), rates, tuple(SWEEP_SEEDS)


def scaled(fidelity: Fidelity, rate: float) -> Fidelity:
    """The recipe at so many times its learning rate."""
    return replace(fidelity, peak_learning_rate=fidelity.peak_learning_rate * rate)
