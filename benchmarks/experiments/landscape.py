"""The landscape that channels make: MACs, an accelerator's latency, and that latency at curated channels only.

A small detector of four convolutions, and the channels of the middle two from 4 to 96.  Latency is the compiler's, of
each whole network, where the accelerator has one: between neighbours it differs by less than the estimator's error.
On each surface a greedy walk starts from the same network (the nearest curated one on the third): to the best of the
neighbours, one step of one or both numbers of channels away, as long as one is better; a plateau ends it too.  At
curated channels, the multiples of the parallelism factor, a step is one to the next multiple.  That the start is no
exception is said by how many of all starts lead to the least value.

Writes results/quick/landscape.png and landscape.csv (a row for each network; the columns path_* number the steps of the
walks); run: python -m benchmarks.experiments.landscape.  What was compiled is kept, so a second run takes seconds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import tyro
from rich.progress import Progress

from benchmarks.commands.home import DEFAULT_HOME
from benchmarks.experiments.curation_costs import Evaluator, compile_costs
from benchmarks.experiments.landscape_plot import write_landscape
from hw_model.accelerators import ETHOS_U
from hw_model.cost import count_macs
from hw_model.measurements import MeasurementCache
from hw_model.predict import cost_model, parallelism_factor
from tasks.registry import make_task
from tasks.spaces.layer import Decision, Layer
from tasks.spaces.space import SearchSpace

LEAST, MOST = 4, 96
START = (91, 85)


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
        return Evaluator(compile_costs(space), cost_model(accelerator).estimate).latency_ms(genotypes)
    home.mkdir(parents=True, exist_ok=True)
    chains = [space.decode(genotype) for genotype in genotypes.tolist()]
    with MeasurementCache(home / "measurements.sqlite") as cache, Progress() as progress:
        bar = progress.add_task("compiling", total=None)
        found = cache.measure(
            chains, ETHOS_U[accelerator], lambda done, total: progress.update(bar, completed=done, total=total)
        )
    return np.array([each.latency_ms for each in found])


def descent(surface: np.ndarray) -> np.ndarray:
    """Where each place of surface [n, m] leads: the flat index of the best of the places at most one step away."""
    n, m = surface.shape
    padded = np.pad(surface.astype(float), 1, constant_values=np.inf)
    index = np.pad(np.arange(n * m).reshape(n, m), 1)
    steps = [(0, 0), *((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)]
    values = np.stack([padded[1 + i : 1 + i + n, 1 + j : 1 + j + m] for i, j in steps])
    places = np.stack([index[1 + i : 1 + i + n, 1 + j : 1 + j + m] for i, j in steps])
    # the first of equals is to stay, so a walk ends on a plateau
    return np.take_along_axis(places, values.argmin(0)[None], 0)[0].ravel()


def walk(surface: np.ndarray, start: tuple[int, int]) -> list[tuple[int, int]]:
    """Places from start to the first local minimum of surface [n, m]."""
    leads, columns = descent(surface), surface.shape[1]
    path = [start[0] * columns + start[1]]
    while leads[path[-1]] != path[-1]:
        path.append(int(leads[path[-1]]))
    return [divmod(place, columns) for place in path]


def share_that_gets_down(surface: np.ndarray) -> float:
    """Of walks from every place, those that end at the surface's least value."""
    leads = descent(surface)
    while not np.array_equal(leads[leads], leads):
        leads = leads[leads]
    return float((surface.ravel()[leads] == surface.min()).mean())


def landscape(accelerator: str, home: Path) -> pd.DataFrame:
    """A row for each pair of channels: macs, latency_ms, whether it is curated, and the number of each walk's step."""
    space = landscape_space()
    factor = parallelism_factor(accelerator)
    shape = space.cardinalities
    genotypes = np.indices(shape).reshape(2, -1).T.astype(np.int32)
    latency = latencies_ms(space, genotypes, accelerator, home).reshape(shape)
    macs = np.array([count_macs(space.decode(genotype)) for genotype in genotypes.tolist()]).reshape(shape)
    sizes = np.arange(LEAST, MOST + 1)
    kept = np.flatnonzero(sizes % factor == 0)
    begin = (START[0] - LEAST, START[1] - LEAST)
    nearest = tuple(int(np.abs(sizes[kept] - size).argmin()) for size in START)
    curated = walk(latency[np.ix_(kept, kept)], (nearest[0], nearest[1]))
    paths = {
        "path_macs": walk(macs, begin),
        "path_latency": walk(latency, begin),
        "path_curated": [(int(kept[i]), int(kept[j])) for i, j in curated],
    }
    table = pd.DataFrame(
        {
            "channels_2": sizes[genotypes[:, 0]],
            "channels_3": sizes[genotypes[:, 1]],
            "macs": macs.ravel(),
            "latency_ms": latency.ravel(),
            "curated": ((sizes[genotypes] % factor) == 0).all(1),
        }
    )
    for name, path in paths.items():
        steps = np.full(shape, -1)
        for number, place in enumerate(path):
            steps[place] = number
        table[name] = pd.array(steps.ravel(), dtype="Int64")
        table[name] = table[name].where(table[name] >= 0)
    return table


def shares_that_get_down(table: pd.DataFrame) -> dict[str, float]:
    """`share_that_gets_down` of each surface, under the name of its walk."""
    curated = pd.DataFrame(table[table["curated"]])
    surfaces = {
        "path_macs": (table, "macs"),
        "path_latency": (table, "latency_ms"),
        "path_curated": (curated, "latency_ms"),
    }
    return {
        name: share_that_gets_down(rows.pivot(index="channels_2", columns="channels_3", values=value).to_numpy(float))
        for name, (rows, value) in surfaces.items()
    }


def main(accelerator: str = "ethos-u65-512", home: Path = DEFAULT_HOME, output: Path = Path("results/quick")) -> None:
    """Cost all networks, walk, write the table and the figure.

    Args:
        accelerator: A name that `accelnas list` prints, of known parallelism factor.
        home: Directory that measurements are kept in.
        output: Directory of both.
    """
    table = landscape(accelerator, home)
    output.mkdir(parents=True, exist_ok=True)
    table.to_csv(output / "landscape.csv", index=False, float_format="%.5g")
    write_landscape(table, shares_that_get_down(table), accelerator, output / "landscape.png")
    for name, share in shares_that_get_down(table).items():
        steps = [row for row in table.sort_values(name).to_dict("records") if not pd.isna(row[name])]
        first, last = steps[0], steps[-1]
        print(
            f"{name}: {len(steps) - 1} steps from {first['channels_2']}, {first['channels_3']} to "
            f"{last['channels_2']}, {last['channels_3']}: {first['latency_ms']:.4g} to {last['latency_ms']:.4g} ms; "
            f"{share:.0%} of all starts lead to the least"
        )


if __name__ == "__main__":
    tyro.cli(main)
