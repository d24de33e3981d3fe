"""The sandwich rule: each step trains the largest network, the smallest and random ones on one batch.

Yu and Huang, Universally slimmable networks, arXiv:1903.05134, as in Cai et al., Once-for-all, arXiv:1908.09791.
Without their distillation from the largest, for which every task would need a loss of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from nas_algos.single_shot.algorithm import SingleShot
from nas_algos.single_shot.one_shot import OneShotSettings, one_shot
from nas_algos.single_shot.supernet import Supernet

SETTINGS = OneShotSettings(sandwich=True)


def sandwich(supernet: Supernet, bounds: Mapping[str, float], settings: OneShotSettings = SETTINGS) -> SingleShot:
    """`one_shot` by that rule."""
    return one_shot(supernet, bounds, settings)
