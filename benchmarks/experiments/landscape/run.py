"""The landscape that channels make: MACs, an accelerator's latency, and that latency at curated channels only.

A small detector of four convolutions, and the channels of the middle two from 4 to 96.  Latency is the compiler's, of
each whole network, where the accelerator has one: between neighbours it differs by less than the estimator's error.
How often the estimator has even the direction of such a step is printed.

On each surface greedy walks start from the same networks, drawn with a fixed seed (the nearest curated ones on the
third): to the best of the neighbours, one step of one or both numbers of channels away, as long as one is better, and
across plateaus of exactly equal height in the table's five digits (walks.py).  At curated channels, the multiples of
the parallelism factor, a step is one to the next multiple.

Writes results/landscape/landscape.csv (a row for each network; estimated_ms is the cost model's), landscape_walks.csv
(a row for each place of each walk), landscape_steps.csv and landscape.png; run: accelnas reproduce landscape.  What was
compiled is kept, so a second run takes seconds; --set compiled=results/landscape/landscape.csv takes it from there.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from rich.progress import Progress
from scipy.stats import kendalltau

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.landscape.plot import write_landscape
from benchmarks.experiments.landscape.settings import Settings
from benchmarks.experiments.landscape.walks import descent, walk
from benchmarks.search.many_costs import COUNTED, ManyCosts, compile_costs
from benchmarks.store.files import read_own_csv, write_table
from hw_model.cost import count_macs
from hw_model.cost_models import cost_model, parallelism_factor
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.measurements import MeasurementCache
from tasks.registry import make_task
from tasks.spaces.layer import Decision, Layer
from tasks.spaces.space import SearchSpace

LEAST, MOST = 4, 96
WALKS = 8
LARGE = 0.01  # a step that matters
# of the three surfaces, the column of the table that each one shows
SURFACES = {"macs": "macs", "latency": "latency_ms", "curated": "latency_ms"}


def landscape_space() -> SearchSpace:
    """A detector whose two middle layers' channels are decided, from LEAST to MOST in steps of one."""
    task = make_task("detection")
    sizes = tuple(range(LEAST, MOST + 1))
    layers = (
        Layer("conv", 16, stride=2),
        Layer("conv", "channels_2", stride=2),
        Layer("conv", "channels_3", residual=False),  # else networks of equal channels alone would have an addition
        Layer("conv", task.output_channels, kernel=1, activation=False, fixed_channels=True),
    )
    decisions = (Decision("channels_2", sizes), Decision("channels_3", sizes))
    return SearchSpace("landscape", decisions, layers, task.side_pixels, task.channels)


def latencies_ms(space: SearchSpace, genotypes: np.ndarray, accelerator: str, home: Path) -> np.ndarray:
    """Latency of genotypes int32[n, D]: compiled whole for an Ethos-U, by the model for others; float[n]."""
    if accelerator not in ETHOS_U:
        return ManyCosts(compile_costs(space), cost_model(accelerator).estimate).latency_ms(genotypes)
    home.mkdir(parents=True, exist_ok=True)
    chains = [space.decode(genotype) for genotype in genotypes.tolist()]
    with MeasurementCache(home / "measurements.sqlite") as cache, Progress() as progress:
        bar = progress.add_task("compiling", total=None)
        found = cache.measure(
            chains, ETHOS_U[accelerator], lambda done, total: progress.update(bar, completed=done, total=total)
        )
    return np.array([each.latency_ms for each in found])


def landscape(accelerator: str, home: Path, compiled: Path | None = None) -> pd.DataFrame:
    """A row for each pair of channels: macs, latency_ms, whether it is curated, and estimated_ms.

    compiled: the table of an earlier run to take latency_ms from.
    """
    space = landscape_space()
    factor = parallelism_factor(accelerator)
    genotypes = np.indices(space.cardinalities).reshape(2, -1).T.astype(np.int32)
    sizes = np.arange(LEAST, MOST + 1)[genotypes]
    table = pd.DataFrame({"channels_2": sizes[:, 0], "channels_3": sizes[:, 1]})
    table["macs"] = [count_macs(space.decode(genotype)) for genotype in genotypes.tolist()]
    if compiled is None:
        table["latency_ms"] = latencies_ms(space, genotypes, accelerator, home)
    else:
        table["latency_ms"] = compiled_latencies(compiled, table)
    table["curated"] = (sizes % factor == 0).all(1)
    estimate = cost_model(accelerator).estimate
    table["estimated_ms"] = ManyCosts(compile_costs(space), estimate).latency_ms(genotypes)
    return table


def compiled_latencies(path: Path, table: pd.DataFrame) -> np.ndarray:
    """latency_ms of an earlier run's table.  Raises BenchmarkInputError for one of other networks."""
    try:
        found = read_own_csv(path)
        if not found[["channels_2", "channels_3", "macs"]].equals(table[["channels_2", "channels_3", "macs"]]):
            raise ValueError("it holds other networks")
        return found["latency_ms"].to_numpy(float)
    except (OSError, ValueError, KeyError) as error:
        raise BenchmarkInputError(f"cannot take latencies from {path}: {error}") from error


def grid(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """A column of the table, indexed by channels_2, with columns channels_3."""
    return rows.pivot(index="channels_2", columns="channels_3", values=column)


def surface_of(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """One of SURFACES as a grid."""
    rows = pd.DataFrame(table[table["curated"]]) if name == "curated" else table
    return grid(rows, SURFACES[name])


def walks(table: pd.DataFrame, count: int = WALKS, seed: int = 0) -> pd.DataFrame:
    """surface, walk, step, channels_2, channels_3 of each place of `count` walks on each surface."""
    starts = np.random.default_rng(seed).integers(LEAST, MOST + 1, (count, 2))
    rows = []
    for name in SURFACES:
        surface = surface_of(table, name)
        first, second = (axis.to_numpy(int) for axis in (surface.index, surface.columns))
        for number, start in enumerate(starts):
            begin = int(np.abs(first - start[0]).argmin()), int(np.abs(second - start[1]).argmin())
            for step, (i, j) in enumerate(walk(surface.to_numpy(float), begin)):
                rows.append((name, number, step, first[i], second[j]))
    return pd.DataFrame(rows, columns=pd.Index(["surface", "walk", "step", "channels_2", "channels_3"]))


def titles_of(table: pd.DataFrame, walked: pd.DataFrame) -> dict[str, str]:
    """What the walks on each surface come to, in words: those drawn, those from every network, and any path down."""
    titles = {}
    for name, column in SURFACES.items():
        surface = surface_of(table, name).to_numpy(float)
        every = descent(surface)
        ends = pd.DataFrame(walked[walked["surface"] == name].groupby("walk").tail(1))
        steps = np.median(ends["step"].to_numpy(int))
        reached = ends.merge(table, on=["channels_2", "channels_3"])[column].to_numpy(float) == surface.min()
        titles[name] = (
            f"{steps:g} steps (median of {len(ends)} walks), {reached.sum()} to the least\n"
            f"of all starts {every.share_that_gets_down():.0%} lead there, "
            f"{every.share_with_a_way_down():.0%} could; local minima: {every.minima}"
        )
    return titles


def agreement(first: np.ndarray, other: np.ndarray) -> pd.DataFrame:
    """Of steps of one along both axes of two surfaces [n, m] above 0, the share that goes the same way on both.

    steps: all; counted and large, those that change the first by more than COUNTED and LARGE.  n: how many there are.
    same_way: the share that is up, down or level on both.  kendall_tau: of the steps' sizes on both.
    """
    change, following = (
        np.concatenate([np.diff(np.log(surface), axis=axis).ravel() for axis in (0, 1)]) for surface in (first, other)
    )
    same = np.sign(change) == np.sign(following)
    kinds = {"all": np.ones(len(same), bool)}
    kinds |= {name: np.abs(change) > np.log1p(least) for name, least in (("counted", COUNTED), ("large", LARGE))}
    rows = [
        (name, int(kind.sum()), float(same[kind].mean()), float(kendalltau(change[kind], following[kind])[0]))  # pyright: ignore[reportArgumentType]
        for name, kind in kinds.items()
    ]
    return pd.DataFrame(rows, columns=pd.Index(["steps", "n", "same_way", "kendall_tau"]))


def agreements(table: pd.DataFrame) -> pd.DataFrame:
    """How the steps of each of the table's other surfaces agree with latency_ms's: surface, steps, n, same_way,
    kendall_tau."""
    latency = grid(table, "latency_ms").to_numpy(float)
    found = {column: agreement(latency, grid(table, column).to_numpy(float)) for column in ("estimated_ms", "macs")}
    return pd.concat(found, names=["surface"]).reset_index("surface")


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Cost all networks, walk, write the tables and the figure."""
    table = landscape(settings.accelerator, home, settings.compiled)
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "landscape.csv", table, digits=5)
    table = read_own_csv(folder / "landscape.csv")  # what is said of it can be worked out from the file
    walked = walks(table)
    write_table(folder / "landscape_walks.csv", walked, digits=None)
    titles = titles_of(table, walked)
    write_landscape(table, walked, titles, settings.accelerator, folder / "landscape.png")
    for name, words in titles.items():
        print(f"{name}: {words.replace(chr(10), '; ')}")
    steps = agreements(table)
    write_table(folder / "landscape_steps.csv", steps, digits=5)
    print(steps.to_string(index=False))
