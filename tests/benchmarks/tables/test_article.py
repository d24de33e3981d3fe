"""Networks of the article's tables become cells to train: summaries are read back as the same networks."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.search.problem import baseline_blocks
from benchmarks.tables.article import SEEDS, article_cells, genotype_of
from benchmarks.tables.design import table_spaces
from benchmarks.tables.parts import part_of, size_of
from benchmarks.tables.recipes import FINAL
from hw_model.network_text import summary
from tasks.registry import TASKS, make_task
from tasks.spaces.registry import skeleton_for

RESULTS = Path(__file__).parents[3] / "results"


@pytest.mark.parametrize("name", TASKS)
def test_a_summary_is_read_back_as_the_same_network(name):
    task = make_task(name)
    space, skeleton = table_spaces(task)["uncurated"], skeleton_for(task)
    rng = np.random.default_rng(0)
    for genotype in [rng.integers(0, space.cardinalities).tolist() for _ in range(5)]:
        blocks = space.decode(genotype)
        found = genotype_of(space, skeleton, summary(blocks))
        assert found is not None
        assert space.decode(found) == blocks


def test_what_the_space_does_not_hold_is_left_out():
    task = make_task("detection")
    text = summary(baseline_blocks(task)).replace("ibn_6 16 /2", "fused_ibn_4 16 /2", 1)
    assert genotype_of(table_spaces(task)["uncurated"], skeleton_for(task), text) is None


def test_the_shipped_tables_networks_are_trained_by_the_final_recipe_with_five_seeds_each(tmp_path):
    task = make_task("segmentation")
    wanted = part_of(RESULTS, task, "article")
    assert len(wanted) == size_of(RESULTS, "segmentation", "article") >= 10
    assert wanted[0].cell.chains[0] == baseline_blocks(task)
    for each in wanted:
        assert each.fidelity == FINAL["segmentation"]
        assert (len(set(each.cell.chains)), len(set(each.cell.seeds))) == (1, SEEDS)
    with pytest.raises(BenchmarkInputError, match="no such file; `accelnas reproduce segmentation` writes it"):
        article_cells(tmp_path, task)
