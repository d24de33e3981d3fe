"""How candidates are trained and evaluated: the three tasks' fidelities by profile, as data.

smoke: seconds, checks that everything runs.  quick: what a search on two cores can pay.  careful: four times that.
full: a GPU, or days of CPU.

Batches are of eight (`Fidelity.batch_size`): at as many passes, and about as many seconds, they do better on validation
examples than batches of sixteen, and seeds differ no more (detection .23 and .36 mAP against .17 and .29 on two
networks, segmentation .73 mIoU against .69 on six).  Batches of four do hardly better than eight.

Classification's learning rate is half of the others': of six, from .0025 to .08, its baseline is best there after a
quick training (results/tables/recipe_sweep.csv, by `accelnas reproduce recipes`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import MappingProxyType

from benchmarks.errors import BenchmarkInputError
from tasks.fidelity import Fidelity

PROFILES = ("smoke", "quick", "careful", "full")

_classifier = partial(Fidelity, peak_learning_rate=1e-2)

FIDELITIES: MappingProxyType[str, MappingProxyType[str, Fidelity]] = MappingProxyType(
    {
        "classification": MappingProxyType(
            {
                "smoke": _classifier("smoke", 512, 50, "validation", 64, batch_size=2),
                "quick": _classifier("quick", 20_000, 25_600, "validation", 4_000),
                "careful": _classifier("quick", 20_000, 102_400, "validation", 4_000),
                "full": _classifier("full", 50_000, 1_000_000, "validation", 10_000),
            }
        ),
        "detection": MappingProxyType(
            {
                "smoke": Fidelity("smoke", 512, 200, "validation", 128),
                "quick": Fidelity("quick", 20_000, 6_400, "validation", 1_000),
                "careful": Fidelity("quick", 20_000, 25_600, "validation", 1_000),
                "full": Fidelity("full", 60_000, 240_000, "validation", 5_000),
            }
        ),
        "segmentation": MappingProxyType(
            {
                "smoke": Fidelity("smoke", 512, 200, "validation", 128),
                "quick": Fidelity("quick", 20_000, 6_400, "validation", 1_000),
                "careful": Fidelity("quick", 20_000, 25_600, "validation", 1_000),
                "full": Fidelity("full", 60_000, 240_000, "validation", 5_000),
            }
        ),
    }
)
# Seeds of the final trainings start here, so that no search has seen any of them.
FIRST_FINAL_SEED = 1000


def get_fidelity(task: str, profile: str) -> Fidelity:
    """The fidelity of that profile.  Raises BenchmarkInputError naming those there are."""
    if profile not in PROFILES:
        raise BenchmarkInputError(f"unknown profile {profile!r}; allowed: {', '.join(PROFILES)}")
    if task not in FIDELITIES:
        raise BenchmarkInputError(f"unknown task {task!r}; allowed: {', '.join(FIDELITIES)}")
    return FIDELITIES[task][profile]


def on_test(fidelity: Fidelity) -> Fidelity:
    """The same training, evaluated on test examples, which no decision may see."""
    return replace(fidelity, eval_split="test")
