"""What holds for scores of whole lists of networks, whatever the score, and that each is its paper's."""

import zlib
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.zero_shot import make_inputs, make_scorer, measure
from hw_model.kinds import KINDS
from nas_algos.errors import AlgorithmInputError
from nas_algos.zero_shot import scores as registry
from nas_algos.zero_shot.scores import SCORES, Score
from nas_algos.zero_shot.trainability import PARTS, trainability
from nas_algos.zero_shot.zen import draw_images
from tasks.errors import TaskInputError
from tasks.networks.gates import out_size
from tasks.networks.initialise import initialise
from tasks.networks.supernet import Supernet
from tasks.spaces.layer import Decision, Layer
from tasks.training import fit_images, normalise_images
from tests.benchmarks.evaluators.zero_shot_reference import kernels_of, reference_scores
from tests.benchmarks.evaluators.zero_shot_toys import SPACES, TASKS, examples, one_network, toy_scorer
from tests.tasks.networks.slicing import slice_variables
from tests.tasks.networks.supernet_spaces import random_genotypes

NAMES = tuple(SCORES)
MEASURED = tuple(name for name, score in SCORES.items() if isinstance(score, Score))
COUNTED = ("params", "macs", "depth")
NAME = "segmentation"  # whose images do not fill the canvas
# the smaller kernel and channels, an ibn without expansion, the absent block; the smaller image and output; and one
# that differs from it in every decision
GENOTYPES = {
    "classification": [(0, 0, 0, 0), (1, 1, 1, 1)],
    "detection": [(1, 0, 1), (0, 1, 0)],
    "segmentation": [(1, 1, 0, 0, 0), (0, 0, 1, 1, 1)],
}


@pytest.fixture(scope="module")
def scorer():
    return toy_scorer(NAME, NAMES, jax.random.key(1))


@pytest.fixture(scope="module")
def genotypes():
    return random_genotypes(SPACES[NAME], 4, seed=11)


@pytest.fixture(scope="module")
def scores(scorer, genotypes):
    return scorer(genotypes)


def assert_same(ours, theirs, rel):
    assert set(ours) == set(theirs) == set(NAMES)
    for name, values in ours.items():
        np.testing.assert_allclose(values, theirs[name], rtol=rel, err_msg=name)


def with_batch(scorer, change):
    return replace(scorer, inputs=change(scorer.inputs))


def unit_variables(space, inputs):
    """The supernet's, with the kernels that scores are of."""
    first = space.slots[0]
    variables = initialise(Supernet(space.slots), (first.height, first.width, first.in_channels), jax.random.key(0))
    for name, kernel in inputs.unit_kernels.items():
        block, layer = name.split("/")
        variables["params"][block][layer]["kernel"] = kernel
    return variables


def static_scores(task, space, inputs, variables, genotype):
    row, blocks = space.lower(genotype), space.decode(genotype)
    first = space.slots[0]
    unit = kernels_of(blocks, slice_variables(variables, space.slots, row))
    images = np.asarray(normalise_images(fit_images(blocks, inputs.batch["images"])))
    shape = (len(images), first.height, first.width, first.in_channels)
    zen, az, az_signs = (
        jax.random.fold_in(inputs.key, zlib.crc32(name)) for name in (b"zen", b"images", b"az_trainability")
    )
    gaussian = [*draw_images(zen, shape), jax.random.normal(az, shape)]
    gaussian = [np.asarray(drawn)[:, : blocks[0].height, : blocks[0].width] for drawn in gaussian]
    signs, standing, weighted = [], iter(blocks), 0
    for slot, present in zip(space.slots, np.asarray(row.mask), strict=True):
        block = next(standing) if present else None
        size = out_size(slot, slot.height), out_size(slot, slot.width)
        drawn = jax.random.rademacher(
            jax.random.fold_in(az_signs, weighted), (len(images), *size, slot.out_channels), np.float32
        )
        weighted += bool(KINDS[slot.kinds[0]].convolutions)
        if block is not None:
            height, width = (KINDS[block.kind].out_size(side, block.stride) for side in (block.height, block.width))
            signs.append(np.asarray(drawn)[:, :height, :width, : block.out_channels])
    return reference_scores(task, blocks, unit, images, inputs.batch, *gaussian, signs)


def test_each_score_says_what_it_reads():
    space = SPACES["detection"]
    blocks = space.decode((0,) * len(space.cardinalities))
    slots, row, gates = one_network(blocks)
    inputs = make_inputs(slots, ((blocks[0].height, blocks[0].width),), jax.random.key(1), examples("detection"), 2)
    for name in MEASURED:  # alone, since another may read the same
        found = jax.eval_shape(
            lambda inputs, name=name: measure(
                TASKS["detection"], slots, row, gates, inputs, ((blocks[0].height, blocks[0].width),), (name,)
            ),
            inputs,
        )
        assert found[name].shape == (), name


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SPACES)
def test_scores_equal_those_of_the_static_networks(name, scorer):
    """Each through the supernet is the paper's on the static network with the sliced weights."""
    task, space = TASKS[name], SPACES[name]
    genotypes = np.array(GENOTYPES[name], np.int32)
    scorer = scorer if name == NAME else toy_scorer(name, NAMES, jax.random.key(1))
    ours = scorer(genotypes)
    assert set(ours) == set(NAMES)
    variables = unit_variables(space, scorer.inputs)
    for number, genotype in enumerate(genotypes):
        expected = static_scores(task, space, scorer.inputs, variables, genotype)
        assert set(expected) == set(MEASURED)
        for score, value in expected.items():
            assert np.isfinite(value), (score, genotype)
            assert ours[score][number] == pytest.approx(value, rel=1e-4), (score, genotype)


def test_scores_do_not_depend_on_the_order_of_the_batch(scorer, genotypes, scores):
    order = np.array([3, 0, 4, 2, 1])

    def shuffle(inputs):
        batch = {name: array[order] for name, array in inputs.batch.items()}
        return inputs._replace(canvases=inputs.canvases[:, order], batch=batch)

    shuffled = with_batch(scorer, shuffle)(genotypes)
    # Zen's images are drawn, so they are not shuffled with the batch
    assert_same(shuffled, scores, 1e-4)
    # the check can fail: other labels are another loss
    other = with_batch(scorer, lambda i: i._replace(batch=i.batch | {"masks": i.batch["masks"][order]}))(genotypes)
    assert np.abs(other["snip"] - scores["snip"]).max() > 1e-3 * scores["snip"].max()


def test_scores_follow_from_the_key_alone(scorer, genotypes, scores):
    assert_same(scorer(genotypes), scores, 0)
    # whatever is scored beside it, networks or scores
    reversed_order = scorer(genotypes[::-1])
    assert_same({name: values[::-1] for name, values in reversed_order.items()}, scores, 0)
    alone = toy_scorer(NAME, ("zen",), jax.random.key(1))(genotypes)
    np.testing.assert_allclose(alone["zen"], scores["zen"], rtol=1e-5)


def test_another_key_gives_other_scores_of_all_but_what_is_counted(scorer, genotypes, scores):
    space = SPACES[NAME]
    inputs = make_inputs(space.slots, (16, 12), jax.random.key(6), examples(NAME), 5)
    other = with_batch(scorer, lambda _: inputs)(genotypes)
    same = {name for name in NAMES if np.array_equal(other[name], scores[name])}
    assert same - {"trainability", "az_nas"} == set(COUNTED)


def test_weights_that_are_not_in_use_do_not_count(scorer, scores, genotypes):
    # the smallest architecture: its slices lie in the first channels, and it has no depthwise or upsampling step
    smallest = np.array([[1, 1, 1, 0, 1]], np.int32)
    expected = scorer(smallest)

    def spoil(inputs):
        kernels = dict(inputs.unit_kernels)
        for name, kernel in kernels.items():
            kernel = kernel.copy()
            if name.startswith(("slot_00_fused", "slot_01", "slot_04")):
                kernel[:] = 1e3
            elif name in ("slot_00_conv/Conv_0", "slot_02_conv/Conv_0"):
                kernel[..., 4:] = 1e3
            else:
                assert name == "slot_05_conv/Conv_0"
            if name > "slot_02":
                kernel[:, :, 4:] = 1e3
            kernels[name] = kernel
        return inputs._replace(unit_kernels=kernels)

    spoiled = with_batch(scorer, spoil)
    assert_same(spoiled(smallest), expected, 0)
    # and what is in use counts
    assert not np.array_equal(spoiled(genotypes)["synflow"], scores["synflow"])


def test_a_score_that_is_not_finite_is_counted_and_has_no_rank(monkeypatch):
    def poor(probe, key):
        size = probe.network.layers["slot_00_conv/Conv_0"].outputs
        return jnp.where(size > 4, -jnp.inf, jnp.log(4 - size + 1))

    def poorer(probe, key):
        return jnp.float32(jnp.nan)

    broken = dict(SCORES) | {"poor": Score("test", poor, 0.0), "poorer": Score("test", poorer, 0.0)}
    monkeypatch.setattr(registry, "SCORES", broken)
    monkeypatch.setattr("benchmarks.evaluators.zero_shot.SCORES", broken)
    rows = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 1]], np.int32)  # 4, 6 and 4 channels in the stem
    found = toy_scorer("classification", ("poor", "poorer", "depth"), jax.random.key(0))(rows)
    assert found["poor"].tolist()[::2] == [0, 0]
    assert np.isnan(found["poor"][1])
    assert [int(np.isnan(found[name]).sum()) for name in ("poor", "poorer", "depth")] == [1, 3, 0]


def test_trainability_by_hand():
    parts = {name: np.array([1.0, 2.0, np.nan, 4.0]) for name in PARTS}
    parts["ntk"] = np.array([-1.0, -3.0, -2.0, np.nan])
    found = trainability(parts)
    # two networks have all parts: ranks 1 and 2 in three scores, 2 and 1 in ntk
    assert found[:2] == pytest.approx([3 * np.log(1 / 2), np.log(1 / 2)])
    assert np.isnan(found[2:]).all()
    # scales do not matter
    assert trainability({name: 10 * values - 3 for name, values in parts.items()})[:2] == pytest.approx(found[:2])


def test_chunks_and_progress_change_nothing():
    seen = []
    space = SPACES["detection"]
    rows = random_genotypes(space, 5, seed=2)
    arguments = (TASKS["detection"], space, COUNTED, jax.random.key(1), examples("detection"), 3)
    found = make_scorer(*arguments, chunk=2)(rows, lambda *done: seen.append(done))
    assert seen == [(2, 5), (4, 5), (5, 5)]
    together = make_scorer(*arguments, chunk=7)(rows)
    for name in COUNTED:
        assert found[name].shape == (5,)
        np.testing.assert_array_equal(found[name], together[name])


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"names": ("zen", "nonsense")}, AlgorithmInputError, "unknown score nonsense; allowed: synflow"),
        ({"names": ()}, AlgorithmInputError, "unknown score none"),
        ({"genotypes": np.array([[0, 0, 2]])}, BenchmarkInputError, "genotype 0 has 2 for decision 2; allowed: 0 to 1"),
        ({"genotypes": np.array([[0, 0]])}, BenchmarkInputError, "allowed: whole numbers"),
        ({"genotypes": np.zeros((0, 3), int)}, BenchmarkInputError, "n >= 1"),
        ({"batch": 6}, BenchmarkInputError, "batch=6 of 5 training examples; allowed: batch=2 to batch=5"),
        ({"batch": 1}, BenchmarkInputError, "batch=1 of 5"),
        ({"chunk": 0}, BenchmarkInputError, "chunk is 0"),
    ],
)
def test_bad_input_is_named(change, error, said):
    settings = {"genotypes": np.array([[0, 0, 0]]), "names": ("macs",), "batch": 4, "chunk": 1} | change
    rows, names = settings.pop("genotypes"), settings.pop("names")
    with pytest.raises(error, match=said):
        make_scorer(
            TASKS["detection"], SPACES["detection"], names, jax.random.key(0), examples("detection"), **settings
        )(rows)


def test_outputs_of_sizes_that_the_task_does_not_take_are_refused():
    sides = Decision("side", (16, 8))
    space = replace(SPACES["detection"], decisions=(sides, *SPACES["detection"].decisions), input_side="side")
    with pytest.raises(TaskInputError, match="outputs are 2 x 2 to 4 x 4; allowed for detection with a supernet or a"):
        make_scorer(TASKS["detection"], space, ("macs",), jax.random.key(0), examples("detection"), 4)


def test_a_side_that_is_fixed_by_name_is_scored_as_one_that_is_a_number():
    space, (side, *others) = SPACES["segmentation"], SPACES["segmentation"].decisions
    number = replace(space, decisions=tuple(others), input_side=16)
    named = replace(number, input_side=side.name, fixed=(replace(side, choices=(16,)),))
    made = [
        make_scorer(TASKS["segmentation"], each, COUNTED, jax.random.key(0), examples("segmentation"), 4)
        for each in (number, named)
    ]
    np.testing.assert_array_equal(made[1].inputs.canvases, made[0].inputs.canvases)
    plain, fixed = (scorer(random_genotypes(number, 3, seed=2)) for scorer in made)
    for name in COUNTED:
        np.testing.assert_array_equal(fixed[name], plain[name])


def test_a_space_of_heads_alone_is_refused():
    predicting = Layer("conv", 3, kernel="kernel", activation=False, fixed_channels=True)
    layers = (Layer("global_pool", kernel=1), predicting)
    space = replace(SPACES["classification"], decisions=(Decision("kernel", (1, 3)),), layers=layers, name="heads")
    with pytest.raises(TaskInputError, match="space heads: its layers pool or predict, which gives no features; allow"):
        make_scorer(TASKS["classification"], space, ("macs",), jax.random.key(0), examples("classification"), 4)


def test_a_space_whose_windows_stand_differently_over_the_canvas_is_refused_as_the_supernet_refuses_it():
    sides, space = Decision("input_side", (96, 72, 90)), SPACES["segmentation"]
    space = replace(space, decisions=(sides, *space.decisions[1:]), layers=(Layer("conv", 4, stride=2), *space.layers))
    arrays = {name: array.repeat(6, 1).repeat(6, 2) for name, array in examples("segmentation").items()}
    with pytest.raises(TaskInputError, match="slot 1: kernel 3 with stride 2 stands differently over 45 pixels than"):
        make_scorer(TASKS["segmentation"], space, ("macs",), jax.random.key(0), arrays, 4)
