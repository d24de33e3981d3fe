import io
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.pareto import crowding, front_ranks
from nas_algos.scan import scan
from nas_algos.strategies.random_search import RandomSettings, random_search
from nas_algos.tabular import load_table, lookup, make_table, table_index


def npy(array):
    """The content of a .npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def peeled(scores):
    """Fronts straight from the definition."""
    left, ranks, level = set(range(len(scores))), {}, 0
    while left:
        front = {
            i for i in left if not any((scores[j] <= scores[i]).all() and (scores[j] < scores[i]).any() for j in left)
        }
        ranks |= dict.fromkeys(front, level)
        left, level = left - front, level + 1
    return [ranks[i] for i in range(len(scores))]


@pytest.mark.parametrize("columns", [2, 3])
def test_front_ranks_are_those_of_the_definition(columns):
    scores = np.random.default_rng(columns).integers(0, 6, (30, columns)).astype(np.float32)
    found = front_ranks(jnp.array(scores), jnp.ones(30, bool), 30)
    assert found.tolist() == peeled(scores)


def test_crowding_of_a_line_is_the_gap_between_neighbours_and_the_ends_are_infinite():
    line = jnp.array([[0.0, 8.0], [1.0, 7.0], [4.0, 4.0], [8.0, 0.0]])
    found = crowding(line, jnp.zeros(4, jnp.int32))
    assert found.tolist() == [np.inf, 1.0, 1.75, np.inf]


def test_rows_of_a_table_are_in_the_order_of_the_last_decision_first():
    genotypes = jnp.array(list(itertools.product(range(3), range(1), range(4))), jnp.int32)
    assert table_index(genotypes, (3, 1, 4)).tolist() == list(range(12))


def test_a_search_sees_the_scores_of_the_table(tmp_path):
    scores = np.random.default_rng(0).random((12, 2))
    path = tmp_path / "table.npz"
    np.savez(path, name="small", cardinalities=np.array([3, 1, 4]), scores=scores, reference=np.ones(2))
    table = load_table(path)[0]
    strategy = random_search(table.cardinalities, RandomSettings(batch=4, objectives=2))
    trials = scan(strategy, lookup(table, [0, 1]), 5, jax.random.key(0))
    rows = np.ravel_multi_index(tuple(np.asarray(trials.genotypes).T), (3, 1, 4))
    np.testing.assert_allclose(trials.scores, scores[rows], rtol=1e-6)


@pytest.mark.parametrize(
    ("scores", "reference", "message"),
    [
        (np.zeros((5, 2)), np.ones(2), "6 rows"),
        (np.zeros((6, 2)), np.ones(3), "2 finite numbers"),
        (np.full((6, 2), np.nan), np.ones(2), "a score is NaN"),
    ],
)
def test_tables_that_do_not_fit_are_refused(scores, reference, message):
    with pytest.raises(AlgorithmInputError, match=message):
        make_table("t", (2, 3), scores, reference)


def test_names_of_a_files_decisions_and_costs_are_read_where_it_has_them(tmp_path):
    arrays = {"name": "t", "cardinalities": [2], "scores": np.zeros((2, 2)), "reference": np.ones(2)}
    for names in ({}, {"decisions": ["width"], "costs": ["latency_ms"]}):
        np.savez(tmp_path / "t.npz", **arrays, **names)
        assert load_table(tmp_path / "t.npz")[1:] == tuple(
            tuple(names.get(each, ())) for each in ("decisions", "costs")
        )


@pytest.mark.parametrize(
    ("write", "what"),
    [
        (lambda path: path.write_bytes(b"not a zip"), "cannot be read as .npz"),
        (lambda path: path.mkdir(), r"cannot be read \(Is a directory\)"),
        (lambda path: path.write_bytes(npy(np.zeros(3))), "cannot be read as .npz"),
        (lambda path: np.savez(path, name="t", cardinalities=[2]), "no array 'scores'; allowed: name, cardinal"),
        (lambda path: np.savez(path, name="t", cardinalities=[2], scores=["a", "b"], reference=[1.0]), "as .npz .*'a'"),
        (lambda path: np.savez(path, name="t", cardinalities=2, scores=[[1.0]] * 2, reference=[1.0]), "as .npz"),
        (lambda path: np.savez(path, name="t", cardinalities=[3], scores=[[1.0]] * 2, reference=[1.0]), "3 rows"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_a_line_that_names_it(tmp_path, write, what):
    path = tmp_path / "broken.npz"
    write(path)
    with pytest.raises(AlgorithmInputError, match=what) as caught:
        load_table(path)
    assert str(caught.value).startswith(f"table {path}: cannot be read ")
    assert "\n" not in str(caught.value)
