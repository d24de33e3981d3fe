"""The networks that a task's surrogate thinks best: what searches on its table end with.

They are trained anew, since a surrogate errs most where it was searched (the optimiser's curse): the part "curse" of
`tables.parts`.  A round is 20 networks, each the best of a search of its own within the baseline's latency, with five
seeds; once a round is trained and the surrogate fitted again, a further one can be drawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.files import read_own_csv, write_table
from benchmarks.store.keys import architecture_text
from benchmarks.tables.design import COLUMNS, REFERENCE
from benchmarks.tables.files import winners_file
from benchmarks.tables.optima import baseline_figures, best_within, evaluation_by, searched
from benchmarks.tables.parts import build_command
from benchmarks.tables.query import TrainedTable, load_table
from benchmarks.tables.surrogate import predict

# networks of a round, and the seeds of each
WINNERS, SEEDS = 20, 5
# evaluations of the search that ends with one
EVALUATIONS = 6_400
# apart from the seeds of other parts
FIRST_SEED, SEEDS_A_ROUND, SEEDS_A_WINNER = 4_000_000, 10_000, 100


def write_winners(results: Path, task: str) -> int:
    """Draw a further round of a task's winners by the surrogate there is; return how many trainings all rounds are.

    Raises BenchmarkInputError while the last round is not trained, and where the task has no table or surrogate.
    """
    file, table = winners_file(results, task), load_table(task, results=results)
    earlier = read_own_csv(file, (*COLUMNS, "round")) if file.is_file() else pd.DataFrame(columns=COLUMNS)
    number = 1 + max(earlier["round"].tolist()) if len(earlier) else 1
    if len(earlier):
        last = earlier.loc[earlier["round"] == number - 1, "genotype"].unique()
        missing = sum(_architecture(table, genotype.split()) not in table.trained for genotype in last)
        if missing:
            raise BenchmarkInputError(
                f"{file}: {missing} of {len(last)} winners of round {number - 1} are not trained; "
                f"{build_command(task, 'curse')} does that"
            )
    known = {_architecture(table, genotype.split()) for genotype in earlier["genotype"].unique()}
    rows = round_rows(table, number, find_winners(table, known))
    write_table(file, pd.concat([earlier, rows], ignore_index=True) if len(earlier) else rows)
    return len(earlier) + len(rows)


def find_winners(
    table: TrainedTable, known: set[str], winners: int = WINNERS, evaluations: int = EVALUATIONS
) -> np.ndarray:
    """The best network of each search that is neither known nor another's, int32 [winners, D], best predicted first."""
    bound, _ = baseline_figures(table, (REFERENCE,))[REFERENCE]
    evaluate, found, known = evaluation_by(table, REFERENCE), [], set(known)
    for genotypes, scores in searched(table.space.cardinalities, evaluate, evaluations, winners):
        for row in best_within(scores, bound):
            network = _architecture(table, genotypes[row])
            if network not in known:
                known.add(network)
                found.append((float(scores[row, 0]), genotypes[row]))
                break
    return np.array([genotype for _, genotype in sorted(found, key=lambda each: each[0])], np.int32)


def round_rows(table: TrainedTable, number: int, genotypes: np.ndarray) -> pd.DataFrame:
    """A row a training, with what the surrogate expects of networks trained alone, and many at once."""
    features = np.asarray(table.features(table.space.lower(genotypes)))
    at_once = features.copy()
    at_once[:, -1] = 1
    alone, together = predict(table.surrogate, features), predict(table.surrogate, at_once)
    rows: list[dict[str, Any]] = []
    for place, genotype in enumerate(genotypes.tolist()):
        for repeat in range(SEEDS):
            rows.append(
                {
                    "part": "curse",
                    "cell": f"{table.task.name}-curse-{number}-{place:02d}",
                    "space": "uncurated",
                    "genotype": " ".join(map(str, genotype)),
                    "seed": FIRST_SEED + SEEDS_A_ROUND * number + SEEDS_A_WINNER * place + repeat,
                    "round": number,
                    "predicted": float(alone.quality[place]),
                    "predicted_at_once": float(together.quality[place]),
                    "predicted_std": float(alone.std[place]),
                }
            )
    return pd.DataFrame(rows)


def _architecture(table: TrainedTable, genotype: Any) -> str:
    """As keys of trials have it."""
    return architecture_text(table.space.decode([int(choice) for choice in genotype]))
