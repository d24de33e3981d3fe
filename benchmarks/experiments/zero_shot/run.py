"""Which scores of untrained networks rank a table's trained networks, and which are better than counting.

Every network that a task's table has trained is scored, and `drawn` others of its arena, for contests.  Writes
results/zero_shot/zero_shot.csv, zero_shot_scores.csv (every network) and zero_shot.png; run: accelnas reproduce
zero_shot (hours for all scores; stop it at any moment, what was scored is kept; --set scores=... does some of them,
trained=250 some of the trained networks, missing_only=true those alone that lack one in the table that is there).
--set correlate_only=true works out the first table anew from the second and the trainings that the tables have now.

kendall_tau: tau-b of the score with the trained quality, mean over a network's seeds by the tables' recipe, with a
95% interval by bootstrap over networks.  tau_at_equal_latency: mean tau within quartiles of the latency on
ethos-u85-1024 by the estimator, where a search under a latency bound chooses; tau_best_tenth: within the best tenth by
quality.  better_than_macs: the interval of tau minus the tau of MACs is above zero; gain_at_equal_latency,
better_than_macs_at_equal_latency: likewise within the quartiles.  n: networks with score and quality; without: those
with quality alone, whose score is NaN or not computed yet.  scores_per_s: networks a CPU second of one core, through
the supernet of the uncurated space, its compilation apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.zero_shot.networks import KEY, Networks, networks_to_score
from benchmarks.experiments.zero_shot.scoring import Scored, Scoring, score_networks
from benchmarks.experiments.zero_shot.settings import Settings
from benchmarks.experiments.zero_shot.table import correlation_row
from benchmarks.runtime.console import print_frame
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.runtime.progress import SearchProgress
from benchmarks.store.files import merge_rows, read_own_csv, write_table
from benchmarks.store.sqlite import open_store
from benchmarks.tables.design import table_spaces
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.trained import design_cells
from hw_model.cost_models import cost_model
from nas_algos.zero_shot.scores import SCORES, Combination, measured_names, measured_together
from tasks.registry import make_task
from tasks.spaces.space import SearchSpace

ACCELERATOR = "ethos-u85-1024"
SCORES_FILE, TABLE_FILE = "zero_shot_scores.csv", "zero_shot.csv"


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Score, correlate, write and print."""
    from benchmarks.experiments.zero_shot.plot import write_plot

    folder.mkdir(parents=True, exist_ok=True)
    speeds: dict[tuple[str, str], float] = {}
    for name in () if settings.correlate_only else settings.task:
        speeds |= _score_task(name, settings, home, folder)
    table = correlate(folder, settings.task, speeds)
    write_plot(table, folder / "zero_shot.png")
    print_frame(table, float_format="%.3g")


def _score_task(name: str, settings: Settings, home: Path, folder: Path) -> dict[tuple[str, str], float]:
    """Write the scores of a task's networks; scores a CPU second by (task, score), none where few may be scored."""
    task = make_task(name)
    recipe, space = SEARCH[name], table_spaces(task)["uncurated"]
    prepare_with_progress(home, task.config(recipe.data), task.dataset)
    arrays = task.arrays(task.load(home, recipe.data, "train"))
    measured = measured_names((*settings.scores, "macs"))
    networks = networks_to_score(SHIPPED, name, settings.drawn, settings.trained)
    if settings.missing_only:
        networks = networks.lacking(folder / SCORES_FILE, measured)
    if not len(networks.genotypes):
        return {}
    scoring = Scoring(task, space, arrays, recipe.data, settings.batch)
    found: dict[str, Scored] = {}
    groups = measured_together(measured)
    with open_store(home) as store, SearchProgress(f"{name} scores", total=len(groups)) as progress:
        for group in groups:
            title = ", ".join(group)

            def show(done: int, title: str = title) -> None:
                progress.running(title, done / len(networks.genotypes), title)

            found |= score_networks(store, scoring, group, networks.genotypes, show)
            seconds = sum(found[score].cpu_s for score in group)
            progress.finished(title, f"{title}: {seconds:.3g} CPU seconds a network")
    write_scores(folder / SCORES_FILE, with_latency(networks, space), {key: each.values for key, each in found.items()})
    if settings.missing_only:
        return {}
    cpu_s = {score: each.cpu_s for score, each in found.items()}
    for score, combination in SCORES.items():
        if isinstance(combination, Combination) and set(combination.parts) <= set(cpu_s):
            cpu_s[score] = sum(cpu_s[part] for part in combination.parts)
    return {(name, score): 1 / max(seconds, 1e-6) for score, seconds in cpu_s.items()}


def with_latency(networks: Networks, space: SearchSpace) -> pd.DataFrame:
    """Their rows with `latency_ms` on ACCELERATOR by its estimator."""
    estimate = cost_model(ACCELERATOR).estimate
    latency = estimate(space.lower(networks.genotypes)).cost.latency_ms
    return networks.rows.assign(latency_ms=np.asarray(latency, np.float64))


def write_scores(file: Path, rows: pd.DataFrame, scores: dict[str, np.ndarray]) -> None:
    """Write networks with these scores, [n] each; other scores, other networks and other tasks that are there stay.

    Networks that are there keep their places, as contests draw by them.  Combinations are worked out for the trained
    networks and for the others apart, as they are ranks among those scored together, where one of them has a new
    score; one of which a part is not there has no column.
    """
    key, task = list(KEY), rows["task"].iloc[0]
    fresh = rows.assign(**scores).set_index(key)
    old = read_own_csv(file) if file.exists() else pd.DataFrame(columns=key)
    own = old[old["task"] == task].set_index(key)
    places = own.index.append(fresh.index.difference(own.index, sort=False))
    whole = own.reindex(places, columns=own.columns.union(fresh.columns, sort=False))
    for name in fresh:
        whole.loc[fresh.index, name] = fresh[name]
    trained, scored = whole["quality"].notna().to_numpy(), places.isin(fresh.index)
    for name, score in SCORES.items():
        if isinstance(score, Combination) and set(score.parts) <= set(whole) and set(score.parts) & set(scores):
            for part in (trained, ~trained):
                if (part & scored).any():
                    parts = {each: whole.loc[part, each].to_numpy(np.float64) for each in score.parts}
                    whole.loc[part, name] = score.combine(parts)
    rest = old[old["task"] != task]
    whole = pd.concat([rest, whole.reset_index()]) if len(rest) else whole.reset_index()
    named = [name for name in SCORES if name in whole and pd.Series(whole[name]).notna().to_numpy().any()]
    ordered = pd.DataFrame(whole[[*key, "quality", "latency_ms", *named]])
    write_table(file, ordered.sort_values(by="task", kind="stable"))


def correlate(folder: Path, tasks: tuple[str, ...], speeds: dict[tuple[str, str], float]) -> pd.DataFrame:
    """The table with the rows of these tasks worked out from the scores on file and the tables' trainings.

    speeds: scores a CPU second by (task, score); those on file stay where there is none.  Raises BenchmarkInputError
    where there are no scores.
    """
    file = folder / SCORES_FILE
    if not file.exists():
        raise BenchmarkInputError(f"no {file}; run without correlate_only first")
    scores, table = read_own_csv(file), folder / TABLE_FILE
    known = read_own_csv(table).to_dict("records") if table.exists() else []
    old = {(row["task"], row["score"]): row.get("scores_per_s", np.nan) for row in known}
    rows: list[dict[str, Any]] = []
    for task in tasks:
        own = scores[scores["task"] == task]
        qualities = networks_to_score(SHIPPED, task, 0).rows[[*KEY, "quality"]]
        own = own.drop(columns="quality").merge(qualities, on=list(KEY), how="left")
        cells = design_cells(SHIPPED, task)
        networks = zip(own["space"], own["genotype"], strict=True)
        own["cell"] = [cells.get(network, -1 - place) for place, network in enumerate(networks)]
        for score in SCORES:
            if score in own and pd.Series(own[score]).notna().to_numpy().any():
                speed = speeds.get((task, score), old.get((task, score), np.nan))
                rows.append({"task": task, **correlation_row(own, score, len(qualities)), "scores_per_s": speed})
    return merge_rows(table, pd.DataFrame(rows), ("task",))
