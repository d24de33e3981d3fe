"""What differs between searches, as data: what is worth an evaluation, and at which fidelity.

Successive halving and Hyperband are policies: many networks trained a little, the best of them more, the best of these
in full.  Jamieson and Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter Optimization,
arXiv:1502.07943; Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, Hyperband, arXiv:1603.06560.  They leave to a
strategy which networks to begin with: uniform ones in the papers.  The strategy learns from the first rung of each
bracket alone, from those of each fidelity apart.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from nas_algos.checks import check_positive, check_whole
from nas_algos.errors import AlgorithmInputError

_PROPOSALS = 50
# where none of so many networks drawn at random is within the bounds, fewer than 6 in 10,000 are, with 95% confidence
_IN_VAIN = 5_000
_RUNGS = 8  # of `keep` 2 and more, so that the lowest is a hundredth of a full training or less


@dataclass(frozen=True)
class Policy:
    """What a search does beside asking, evaluating and telling."""

    skip_infeasible: bool = True
    """What breaks a bound of the objective is told by how far, and not evaluated."""
    assumed_quality: float | None = None
    """What would not be the best so far with even this quality is told so, and not evaluated; None evaluates it."""
    confirmations: int = 0
    """Further evaluations, by other seeds, of what would be the best; their mean is its quality."""
    repeats: bool = False
    """Evaluate and charge a genotype as often as it is proposed, as a scan in a table does."""
    rungs: int = 1
    """Fidelities: each trains `keep` times as long as the one before, the last in full."""
    keep: int = 3
    """One in so many goes on to the next rung (eta in the papers)."""
    hyperband: bool = False
    """Brackets in turn that begin at the first, the second, ... rung, instead of one that begins at the first."""
    proposals: int | None = None
    """At so many proposals a search ends that finds too little new.

    Left out: at 50 for each evaluation of the lowest rung, and at 5,000 where none of them needed an evaluation.
    """
    stale: int | None = None
    """So does one of which so many proposals in a row needed no evaluation."""

    def __post_init__(self):
        check_whole("policy", self, 1, _RUNGS, "rungs")
        check_whole("policy", self, 2, 1000, "keep")
        check_whole("policy", self, 0, 1000, "confirmations")
        assumed = self.assumed_quality
        if assumed is not None and not (isinstance(assumed, int | float) and math.isfinite(assumed)):
            raise AlgorithmInputError(f"policy: assumed_quality is {assumed!r}; allowed: finite numbers, or None")
        for name in ("proposals", "stale"):
            if getattr(self, name) is not None:
                check_positive("policy", self, name)

    @property
    def fidelities(self) -> tuple[float, ...]:
        """Of the rungs, as shares of a full evaluation's training."""
        return (*(self.keep**-rung for rung in range(self.rungs - 1, 0, -1)), 1.0)

    @property
    def takes_several_objectives(self) -> bool:
        """Whether it needs no order among candidates."""
        return self.rungs == 1 and self.confirmations == 0 and self.assumed_quality is None

    def most_proposals(self, count: int) -> int:
        """Proposals after which a search for so many evaluations ends, whatever it found."""
        return _PROPOSALS * count if self.proposals is None else self.proposals

    def ended(self, count: int, proposals: int, stale: int, in_vain: int) -> str:
        """Why a search for so many evaluations ends after so many proposals, in words; "" where it goes on.

        stale: the last of them that needed no evaluation.  in_vain: all of them where none has needed one yet, else 0.
        """
        if proposals >= self.most_proposals(count):
            return f"{proposals} proposals are the most that it may make"
        if self.stale and stale >= self.stale:
            return f"{stale} proposals in a row needed no evaluation"
        if self.proposals is None and in_vain >= _IN_VAIN:
            return f"none of the first {in_vain} proposals needed an evaluation"
        return ""


POLICIES: MappingProxyType[str, Policy] = MappingProxyType(
    {
        "plain": Policy(),
        "successive_halving": Policy(rungs=3),
        "hyperband": Policy(rungs=3, hyperband=True),
    }
)


class Bracket(NamedTuple):
    """One round of successive halving."""

    size: int
    """Genotypes at its first rung."""
    first: int
    """Which of the policy's rungs that is."""


def brackets(policy: Policy, budget: int) -> list[Bracket]:
    """The brackets that a budget of full evaluations pays for.

    Without Hyperband one, as large as the budget; with it those of algorithm 1 of its paper, again and again, the last
    one smaller where the rest of the budget is.  Raises AlgorithmInputError for a budget that pays for none.
    """
    left = budget * policy.keep ** (policy.rungs - 1)  # in evaluations of the lowest rung
    most = policy.rungs - 1
    found: list[Bracket] = []
    while True:
        height = most - len(found) % policy.rungs if policy.hyperband else most
        count = left
        if policy.hyperband:
            count = min(count, -(-policy.rungs * policy.keep**height // (height + 1)))
        first = most - height
        count = _affordable(policy, count, first, left)
        if not count:
            break
        found.append(Bracket(count, first))
        left -= _price(policy, count, first)
        if not policy.hyperband:
            break
    if not found:
        raise AlgorithmInputError(
            f"policy: a budget of {budget} does not pay for one network at all {policy.rungs} rungs; allowed: "
            f"{-(-_price(policy, 1, 0) // policy.keep**most)} and more"
        )
    return found


def most_asked(policy: Policy, budget: int) -> int:
    """Genotypes that a strategy is asked for, at the fidelity where these are most: what its settings are to fit.

    Raises AlgorithmInputError for a budget that pays for none.
    """
    asked: Counter[int] = Counter()
    for bracket in brackets(policy, budget):
        asked[bracket.first] += bracket.size
    return max(asked.values())


def promoted(count: int, keep: int) -> int:
    """How many of a rung go on to the next."""
    return max(1, count // keep)


def _affordable(policy: Policy, most: int, first: int, left: int) -> int:
    """Genotypes, so many at most, of the largest bracket that costs no more than what is left; by bisection."""
    least = 0
    while least < most:
        middle = (least + most + 1) // 2
        if _price(policy, middle, first) <= left:
            least = middle
        else:
            most = middle - 1
    return least


def _price(policy: Policy, count: int, first: int) -> int:
    """What a bracket costs, in evaluations of the lowest rung."""
    price = 0
    for rung in range(first, policy.rungs):
        price += count * policy.keep**rung
        count = promoted(count, policy.keep)
    return price
