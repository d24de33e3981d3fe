"""The expert's procedure: rules in their order, place by place from the front, evaluated by a cost model.

Nothing is trained.  Quality is guarded by capacity: a rewrite that leaves less than a stated share of the start's MACs
or parameters is refused. (Both rank trained networks: Kendall's tau .16 to .40 in
results/zero_shot/zero_shot.csv.)  Of the rewrites at a place that cost about
the same as the cheapest, the one with most MACs is taken.  It is kept when it saves, or when it costs nothing and the
network has more MACs for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from hw_model.blocks import Block, check_network, is_chain
from hw_model.cost import Cost, count_params
from hw_model.errors import HardwareInputError
from tasks.errors import TaskInputError
from tasks.expert.align_channels import ALIGN_CHANNELS
from tasks.expert.even_channels import EVEN_CHANNELS
from tasks.expert.fuse import FUSE_IBN
from tasks.expert.rule import Architecture, Rewrite, Rule
from tasks.expert.standard_conv import STANDARD_CONV
from tasks.expert.width_multiplier import WIDTH_MULTIPLIER

Objective = Literal["latency", "memory"]

RULES: Mapping[str, Rule] = MappingProxyType(
    {rule.name: rule for rule in (FUSE_IBN, STANDARD_CONV, EVEN_CHANNELS, ALIGN_CHANNELS, WIDTH_MULTIPLIER)}
)
"""In the article's order."""


@dataclass(frozen=True)
class ExpertSettings:
    """How the rules are applied.

    rules: names of RULES in the order they are tried.  least_macs, least_params: shares of the start's that every kept
    network has at least.  least_saving: share of the objective that a rewrite must save to be kept for that, about as
    much as a cost model can be trusted to tell apart.  bound_latency: refuse what is slower than the start.
    """

    objective: Objective = "latency"
    rules: tuple[str, ...] = tuple(RULES)
    least_macs: float = 1.0
    least_params: float = 0.5
    least_saving: float = 0.005
    bound_latency: bool = False

    def __post_init__(self):
        unknown = [name for name in self.rules if name not in RULES]
        if unknown:
            raise TaskInputError(f"unknown rule {unknown[0]!r}; allowed: {', '.join(RULES)}")
        if self.objective not in PRESETS:
            raise TaskInputError(f"unknown objective {self.objective!r}; allowed: {', '.join(PRESETS)}")
        for name in ("least_macs", "least_params", "least_saving"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise TaskInputError(f"{name} is {getattr(self, name)}; allowed: finite numbers from 0 on")


PRESETS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        # fewer milliseconds for no less work; parameters may halve, for evening out takes them from late layers
        "latency": MappingProxyType({}),
        # model and activations within a memory budget, no slower: the wide middles go first, and work may halve as well
        "memory": MappingProxyType(
            {
                "rules": ("depthwise_to_conv", "even_channels", "align_channels", "fuse_ibn", "width_multiplier"),
                "least_macs": 0.5,
                "bound_latency": True,
            }
        ),
    }
)


def expert_settings(objective: Objective) -> ExpertSettings:
    """The settings that suit an objective.  Raises TaskInputError for an unknown one."""
    return ExpertSettings(objective=objective, **PRESETS.get(objective, {}))  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True)
class Snapshot:
    """A network's cost: milliseconds, MACs, number of parameters, and bytes of parameters and of peak activations."""

    latency_ms: float
    macs: int
    params: int
    param_bytes: int
    peak_activation_bytes: float

    @property
    def memory_bytes(self) -> float:
        """Parameters and peak activations, what a device with one memory has to hold."""
        return self.param_bytes + self.peak_activation_bytes


@dataclass(frozen=True)
class Step:
    """One rule tried at one place.  before: of the network so far; after: of the rewrite, kept or not.

    verdict: why it was kept or refused, in words.
    """

    rule: str
    place: int
    reason: str
    change: str
    before: Snapshot
    after: Snapshot
    accepted: bool
    verdict: str


def improve(
    blocks: Sequence[Block],
    cost: Callable[[Architecture], Cost],
    parallelism: int,
    settings: ExpertSettings = ExpertSettings(),
) -> tuple[Architecture, tuple[Step, ...]]:
    """The rewritten architecture and every step that was tried.

    cost: of one architecture.  parallelism: as Rule has it.  Of a network that is no chain, rewrites are left out that
    its blocks' neighbours do not allow.  Raises HardwareInputError when the blocks are no network.
    """
    check_network(blocks)
    now = tuple(blocks)
    start = before = snapshot(now, cost)
    steps: list[Step] = []
    for name in settings.rules:
        place = 0
        while place < len(now):
            proposed = RULES[name].propose(now, place, parallelism)
            rewrites = [each for each in proposed if each.blocks != now and _may_stand(each.blocks, now)]
            if rewrites:
                chosen, after, refusal = _choose(
                    [(r, snapshot(r.blocks, cost)) for r in rewrites], before, start, settings
                )
                accepted, verdict = (False, refusal) if refusal else _evaluate(before, after, settings)
                steps.append(Step(name, place, RULES[name].reason, chosen.change, before, after, accepted, verdict))
                if accepted:
                    now, before = chosen.blocks, after
            place += 1
    return now, tuple(steps)


def _may_stand(blocks: Architecture, now: Architecture) -> bool:
    """Whether a rewrite of a graph is a network with the same positions; a chain's always are."""
    if is_chain(now):
        return True
    try:
        check_network(blocks)
    except HardwareInputError:
        return False
    return len(blocks) == len(now)


def snapshot(blocks: Architecture, cost: Callable[[Architecture], Cost]) -> Snapshot:
    """What an architecture costs."""
    found = cost(blocks)
    return Snapshot(
        latency_ms=float(found.latency_ms),
        macs=int(found.macs),
        params=count_params(blocks),
        param_bytes=int(found.param_bytes),
        peak_activation_bytes=float(found.peak_activation_bytes),
    )


def _value(of: Snapshot, settings: ExpertSettings) -> float:
    return of.latency_ms if settings.objective == "latency" else of.memory_bytes


def _saving(before: Snapshot, after: Snapshot, settings: ExpertSettings) -> float:
    return 1 - _value(after, settings) / _value(before, settings)


def _choose(
    options: list[tuple[Rewrite, Snapshot]], before: Snapshot, start: Snapshot, settings: ExpertSettings
) -> tuple[Rewrite, Snapshot, str]:
    """The best rewrite that may be kept; or the best of all, with why none may be.

    Of equals one that saves enough goes before one that does not, then the one of most MACs.
    """
    allowed = [option for option in options if not _refusal(option[1], start, settings)]
    values = [_value(after, settings) for _, after in allowed or options]
    near = min(values) * (1 + settings.least_saving)
    equals = [option for option, value in zip(allowed or options, values, strict=True) if value <= near]
    least = settings.least_saving
    rewrite, after = max(equals, key=lambda each: (_saving(before, each[1], settings) >= least, each[1].macs))
    return rewrite, after, _refusal(after, start, settings)


def _refusal(after: Snapshot, start: Snapshot, settings: ExpertSettings) -> str:
    if after.macs < settings.least_macs * start.macs:
        return f"MACs would be {after.macs / start.macs:.2f} of the start's, least {settings.least_macs:g}"
    if after.params < settings.least_params * start.params:
        return f"parameters would be {after.params / start.params:.2f} of the start's, least {settings.least_params:g}"
    if settings.bound_latency and after.latency_ms > start.latency_ms:
        return f"latency would be {after.latency_ms / start.latency_ms:.2f} of the start's, most 1"
    return ""


def _evaluate(before: Snapshot, after: Snapshot, settings: ExpertSettings) -> tuple[bool, str]:
    saving = _saving(before, after, settings)
    if saving >= settings.least_saving:
        return True, f"saves {saving:.1%} of {settings.objective}"
    if saving >= 0 and after.macs > before.macs:
        return True, f"costs nothing and gives {after.macs / before.macs - 1:.0%} more MACs"
    if saving > 0:
        return False, f"saves {saving:.2%} of {settings.objective}, less than {100 * settings.least_saving:g}%"
    return False, f"saves nothing ({-saving:+.1%} of {settings.objective})"
