"""The networks that a surrogate thinks best: drawn by searches on its table, a round after the last is trained."""

import shutil
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.keys import canonical_json
from benchmarks.tables import winners as module
from benchmarks.tables.design import REFERENCE
from benchmarks.tables.files import SHIPPED, table_file, winners_file
from benchmarks.tables.optima import baseline_figures, evaluation_by, searched
from benchmarks.tables.query import load_table
from benchmarks.tables.winners import SEEDS, find_winners, round_rows, write_winners


@pytest.fixture(scope="module")
def table():
    return load_table("detection", "V3")


def test_winners_differ_are_within_the_baseline_s_latency_and_none_is_known(table, monkeypatch):
    def network(genotype):
        return canonical_json([asdict(block) for block in table.space.decode(genotype)])

    def figures(genotypes):
        scores = np.asarray(evaluation_by(table, REFERENCE)(genotypes))
        return scores[:, 1], -scores[:, 0]

    runs = []
    monkeypatch.setattr(module, "searched", lambda *given: runs or runs.extend(searched(*given)) or runs)
    first = find_winners(table, set(), winners=3, evaluations=60)
    again = find_winners(table, {network(first[0].tolist())}, winners=3, evaluations=60)
    bound, _ = baseline_figures(table, (REFERENCE,))[REFERENCE]
    for genotypes in (first, again):
        latency, quality = figures(genotypes)
        assert len({network(genotype) for genotype in genotypes.tolist()}) == len(genotypes) == 3
        assert (latency <= bound * (1 + 1e-4)).all()
        assert (np.diff(quality) <= 1e-6).all()  # the best first
    assert network(first[0].tolist()) not in {network(genotype) for genotype in again.tolist()}
    rows = round_rows(table, 2, first)
    assert len(rows) == 3 * SEEDS == rows["seed"].nunique()
    assert rows["predicted"].tolist() == pytest.approx(np.repeat(figures(first)[1], SEEDS).tolist(), abs=1e-5)


def test_a_further_round_waits_until_the_last_one_is_trained(tmp_path):
    for name in ("tables", "surrogate"):
        shutil.copytree(SHIPPED / name, tmp_path / name)
    file = winners_file(tmp_path, "detection")
    drawn = pd.read_csv(file)
    # a genotype that nobody trained, in place of the last round's first
    unknown = " ".join(["0"] * len(drawn["genotype"][0].split()))
    drawn.loc[drawn["round"] == drawn["round"].max(), "genotype"] = unknown
    drawn.to_csv(file, index=False)
    with pytest.raises(
        BenchmarkInputError, match=r"1 of 1 winners .* `accelnas table build --task detection --part curse "
    ):
        write_winners(tmp_path, "detection")
    assert pd.read_csv(file)["genotype"].tolist() == drawn["genotype"].tolist()
    assert table_file(tmp_path, "detection").is_file()
