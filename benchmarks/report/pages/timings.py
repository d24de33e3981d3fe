"""Figures of a machine: training steps beside PyTorch's, many candidates at once, costs a second."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from benchmarks.markdown import Row, claim, rounded, rows, span, table

PEER = ("network", "image side", "cores", "ours, images/s", "PyTorch, images/s", "ratio (lowest to highest)")

STORED = ("rows", "file_mb", "put_s", "open_s", "look_up_ms", "first_lines_s", "list_s", "export_s", "full_check_s")
STORE = ("trials", "MB", "put", "open", "look up, ms", "first hundred lines", "list all", "export", "check all")

LONG_SHOWN = ("proposals", "seconds", "resident_mib", "store_rows", "store_mb")
LONG = ("stage", "proposals so far", "seconds", "MiB in memory", "networks in the store", "MB of it")


def page(folder: Path) -> str:
    """The page's Markdown."""
    speed, profile = rows(folder / "training_speed.csv"), rows(folder / "training_profile.csv")
    earlier = rows(folder / "training_speed_earlier.csv")
    at_once, cost = rows(folder / "candidates_at_once.csv"), rows(folder / "cost_speed.csv")
    stored, long = rows(folder / "store.csv"), rows(folder / "long_run.csv")
    large = [row["ratio"] for row in speed if row["image_size"] == 64]
    fused, ibn = (_shares(profile, network) for network in ("fused_ibn", "ibn"))
    there = rows(folder.parent / "tables" / "gpu.csv")[0]
    gpu, device = f"{there['candidates_per_hour']:,}", there["device"]
    hour = {(row["method"], row["at_once"]): row["candidates_per_hour"] for row in at_once}
    return f"""\
These are figures of one machine on one day: compare them with each other, not with those of another.

## Training steps beside PyTorch's

Plain JAX trains these networks at a fraction of PyTorch's speed on CPUs: gradients of convolutions inside a loop fall
back to scalar code.  Ours are written as matrix products and forward convolutions.  With PyTorch 2.13 on the same small
networks, batch {speed[0]["batch"]} (`--set peer=PYTHON` names a Python that has it); candidates are trained one on each
core, so the rows with one core are the ones that a search feels:

{table(PEER, map(_peer, speed))}
Medians of {speed[0]["repeats"]} processes of each side in turn.  On that day PyTorch ran at {_then(speed, earlier)} of
its rates when it was timed before ([then](../../results/timings/training_speed_earlier.csv)), so the ratios depend on
the machine's state too: with two cores they were {span((row["ratio"] for row in earlier if row["cores"] == 2), 2)}
then.  {claim("At 64 pixels our step stays behind", max(large) < 1)} (medians {
        span(large, 2)
    }): there, of the thread-milliseconds of a step on one core,
the fused network's are {fused["convolution"]:.0%} convolutions, which are XLA's library calls and matrix products
already; the depthwise network's are {ibn["convolution"]:.0%} convolutions, {ibn["depthwise"]:.0%} depthwise and
{ibn["normalisation"]:.0%} batch normalisation and activations, passes over memory that XLA does not fuse further
([profile](../../results/timings/training_profile.csv), of which only shares compare).

## Many candidates at once

On a GPU many candidates train at once, by `vmap` over the supernet: {gpu} an hour of the tables' networks, all
tasks together, on an {device} with 16 cores ([their cohorts](../../results/tables/gpu.csv)).  {
        claim("On two CPU cores it does not pay", hour["static", 1] > max(hour["supernet", 1], hour["supernet", 4]))
    }: one process trains {hour["static", 1]:.0f} classifiers an hour one by one as networks of their own,
{hour["supernet", 1]:.0f} one by one through the supernet, and {hour["supernet", 4]:.0f} four at once, since every kind
of block is computed for each ([table](../../results/timings/candidates_at_once.csv)).

## Costs a second

{table(("method", "networks at once", "networks a second", "times the compiler's rate"), map(_cost, cost))}
vela: networks really compiled, one by one.  estimator: as a batch of so many.  tables: looked up in tables of the
estimator over a search space; estimator_tabulated: with the time to make them.  cold_start: a fresh process that
answers `accelnas cost` once.

## The store

{table(STORE, ([*(rounded(row[name]) for name in STORED)] for row in stored))}
With so many trials in it; MB on the disk, seconds, and milliseconds of a look-up (median).

## Ten million proposals

Searches of four strategies on detection's trained table in one process, 1,000 different networks each, and what nothing
had looked at before stored as a training would be; then the loop of live searches, one proposal at a time:

{table(LONG, ([row["stage"], *(rounded(row[name]) for name in LONG_SHOWN)] for row in long if _shown(row, long)))}
{_long(long)}
"""


def _shown(row: Row, long: list[Row]) -> bool:
    """The first, the middle and the last block of a stage."""
    own = [each for each in long if each["stage"] == row["stage"]]
    return any(row is own[place] for place in (0, len(own) // 2, -1))


def _long(long: list[Row]) -> str:
    compiled, loop = ([row for row in long if row["stage"] == stage] for stage in ("compiled", "loop"))
    taken = {row["stage"]: row["seconds"] for row in long}
    grown = compiled[-1]["resident_mib"] - compiled[0]["resident_mib"]
    live = loop[-1]["resident_mib"] - loop[0]["resident_mib"]
    kib = compiled[-1]["store_mb"] * 1e6 / compiled[-1]["store_rows"] / 1024
    return f"""\
Between the first and the last block the process grew by {grown:.0f} MiB, in the loop of live searches by {live:.0f}.  A
stored training takes {kib:.1f} KiB, a network that is known takes none.  The table of all that was stored took
{taken["table"]:.1f} s, every page of results {taken["pages"]:.1f} s and the report {taken["report"]:.1f} s, beside
other work on the machine ([all blocks](../../results/timings/long_run.csv))."""


def _peer(row: Row) -> list[str]:
    return [
        row["network"],
        str(row["image_size"]),
        str(row["cores"]),
        f"{row['ours_images_per_s']:.0f}",
        f"{row['pytorch_images_per_s']:.0f}",
        f"{row['ratio']:.2f} ({row['lowest_ratio']:.2f} to {row['highest_ratio']:.2f})",
    ]


def _then(speed: list[Row], earlier: list[Row]) -> str:
    """PyTorch's rates now as shares of those of an earlier day, row by row."""
    name = "pytorch_images_per_s"
    return span((100 * now[name] / before[name] for now, before in zip(speed, earlier, strict=True)), unit="%")


def _cost(row: Row) -> list[str]:
    return [row["method"], f"{row['networks']:,}", rounded(row["networks_per_s"]), rounded(row["ratio_to_vela"])]


def _shares(profile: list[Row], network: str) -> dict[str, float]:
    """Shares of each part in a step at 64 pixels on one core."""
    parts: dict[str, float] = defaultdict(float)
    for row in profile:
        if (row["network"], row["image_size"], row["cores"]) == (network, 64, 1):
            parts[row["part"]] += row["ours_ms"]
    return {name: value / sum(parts.values()) for name, value in parts.items()}
