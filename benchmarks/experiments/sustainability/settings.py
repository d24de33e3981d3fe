"""The factors that nothing here measures: each is an assumption or a published figure, and may be set."""

from __future__ import annotations

from dataclasses import dataclass, fields

from benchmarks.errors import BenchmarkInputError


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce sustainability --set NAME=VALUE` may change."""

    users: float = 1e6
    """The article's."""
    inferences_per_s: float = 10.0
    """Assumed of a device that watches for people."""
    hours_per_day: float = 24.0
    """Assumed."""
    instruction_pj: float = 70.0
    """Of a CPU's instruction without its arithmetic, 45 nm: Horowitz, ISSCC 2014, figure 1.1.9."""
    macs_per_instruction: float = 16.0
    """Of an int8 dot product of 128 bits (Armv8.2 SDOT); a CPU without has fewer."""
    kg_co2_per_kwh: float = 0.4
    """As in head_to_head_ledger.csv."""
    household_kwh: float = 10_500.0
    """Of an average household in the US in a year (EIA, residential sales, rounded)."""
    car_kg_co2: float = 4_600.0
    """Of a typical passenger vehicle in a year (EPA)."""

    def __post_init__(self):
        for each in fields(self):
            if not 0 < getattr(self, each.name) < 1e12:
                raise BenchmarkInputError(f"{each.name} is {getattr(self, each.name):g}; allowed: above 0, below 1e12")
