"""All tasks' spaces: round trips, range, uniform draws, moves, lowering, and curated as a part of uncurated."""

import functools
import itertools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hw_model.blocks import check_chain
from hw_model.cost import count_macs
from hw_model.cost_models import parallelism_factor
from hw_model.npu.model import NPUS, npu_estimate
from hw_model.workload import chains_from_workload
from tasks.errors import TaskInputError
from tasks.registry import make_task
from tasks.spaces.curation import auto_curate
from tasks.spaces.layer import Decision, Layer, Presence
from tasks.spaces.moves import next_neighbours, sample
from tasks.spaces.registry import SKELETONS, make_space, space_names
from tasks.spaces.space import SearchSpace


def latency_ms(workload):
    return NPU(workload).cost.latency_ms


NPU = jax.jit(lambda workload: npu_estimate(NPUS["npu-p16"], workload))
NAMES = [(task, name) for task in SKELETONS for name in (*space_names(task), "curated by 8")]


@functools.cache  # by name, since every process of xdist's collects all tests, and automatic curation takes seconds
def space_of(task, name):
    kind, factor = ("curated", 8) if name == "curated by 8" else (name, 16)
    return make_space(make_task(task), kind, factor, latency_ms)


@pytest.fixture(scope="module")
def space(request):
    return space_of(*request.param)


def with_spaces(names):
    return pytest.mark.parametrize("space", names, ids=map(" ".join, names), indirect=True)


every_space = with_spaces(NAMES)
# moves know a space's numbers of choices alone
few_spaces = with_spaces([(task, "uncurated") for task in SKELETONS])


def genotypes(space):
    return st.tuples(*(st.integers(0, n - 1) for n in space.cardinalities))


@every_space
@settings(max_examples=20)
@given(data=st.data())
def test_every_genotype_is_a_network_and_a_round_trip(space, data):
    genotype = data.draw(genotypes(space))
    blocks = space.decode(genotype)
    check_chain(blocks)
    assert space.encode(space.describe(genotype)) == genotype


@with_spaces(
    [each for each in NAMES if each[1] in ("uncurated", "V3", "sides", "article") or each == ("detection", "curated")]
)
def test_traced_and_numpy_lowering_agree_whatever_the_leading_axes(space):
    drawn = np.random.default_rng(4).integers(0, space.cardinalities, (3, 5, len(space.cardinalities)), np.int32)
    traced = jax.jit(space.lower)(drawn)
    assert traced.kind.shape == (3, 5, len(space.layers))
    plain = space.lower(drawn)
    for name in plain._fields:
        np.testing.assert_array_equal(getattr(traced, name), getattr(plain, name), err_msg=name)


def test_many_decoded_at_once_are_what_they_are_one_by_one_and_one_outside_is_named():
    space = space_of("segmentation", "article")
    drawn = np.random.default_rng(0).integers(0, space.cardinalities, (4, len(space.cardinalities)), np.int32)
    assert space.decode_all(drawn) == [space.decode(genotype) for genotype in drawn.tolist()]
    drawn[2, 1] = 3
    with pytest.raises(TaskInputError, match=r"is 3; allowed: 0 to 2"):
        space.decode_all(drawn)


@every_space
@settings(max_examples=20)
@given(data=st.data())
def test_slots_hold_every_network(space, data):
    workload = space.lower(np.array(data.draw(genotypes(space)), np.int32))
    for place, slot in enumerate(space.slots):
        row = {name: getattr(workload, name)[place].item() for name in workload._fields}
        if not row["mask"]:
            assert slot.optional
            continue
        (block,) = chains_from_workload(jax.tree.map(lambda column, p=place: column[None, p : p + 1], workload))[0]
        assert block.kind in slot.kinds
        assert (block.stride, block.activation) == (slot.stride, slot.activation)
        assert block.height <= slot.height
        assert block.width <= slot.width
        assert block.in_channels <= slot.in_channels
        assert block.out_channels <= slot.out_channels
        assert block.kernel <= slot.kernel
        if block.kind in ("ibn", "fused_ibn"):
            assert block.hidden_channels <= slot.hidden_channels


@pytest.mark.parametrize("name", space_names("detection"))
def test_largest_choices_reach_the_slots(name):
    space = space_of("detection", name)
    numbers = [range(len(d.choices)) if d.ordered else (0,) for d in space.decisions]
    largest = [max(ids, key=lambda i, d=d: d.choices[i]) for ids, d in zip(numbers, space.decisions, strict=True)]
    for slot, block in zip(space.slots, space.decode(largest), strict=True):
        assert (block.height, block.in_channels, block.out_channels) == (
            slot.height,
            slot.in_channels,
            slot.out_channels,
        )


@pytest.mark.parametrize("name", ["curated", "curated by 8", "auto-curated"])
@pytest.mark.parametrize("task", SKELETONS)
@settings(max_examples=30)
@given(data=st.data())
def test_every_curated_network_is_in_the_uncurated_space(task, name, data):
    space, uncurated = space_of(task, name), space_of(task, "uncurated")
    genotype = data.draw(genotypes(space))
    same = uncurated.encode(space.effective(genotype))
    assert uncurated.decode(same) == space.decode(genotype)
    assert space.size < uncurated.size


@pytest.mark.parametrize("accelerator", ["ethos-u55-32", "ethos-u55-256", "ethos-u65-512", "ethos-u85-1024", "npu-p16"])
@pytest.mark.parametrize("task", SKELETONS)
def test_every_channel_of_a_curated_space_is_a_multiple_of_the_accelerators_factor(task, accelerator):
    factor = parallelism_factor(accelerator)
    space = make_space(make_task(task), "curated", factor, latency_ms)
    channels = {d.name: i for i, d in enumerate(space.decisions) if d.name in SKELETONS[task].channels}
    assert all(c % factor == 0 for place in channels.values() for c in space.decisions[place].choices)
    # multiplied out too
    multipliers = space.decisions[0].choices
    genotypes = itertools.product(*(range(len(d.choices) if d.name in channels else 1) for d in space.decisions[1:]))
    for genotype, multiplier in itertools.product(genotypes, range(len(multipliers))):
        effective = space.effective((multiplier, *genotype))
        assert all(effective[name] % factor == 0 for name in channels)


@pytest.mark.parametrize("task", SKELETONS)
def test_a_factor_that_the_narrowest_layer_has_no_room_for_is_refused(task):
    with pytest.raises(
        TaskInputError, match=r"parallelism factor of 32: channels_.* allowed: factors 4 to .* auto-cur"
    ):
        make_space(make_task(task), "curated", 32, latency_ms)


@few_spaces
def test_draws_are_uniform_and_in_range(space):
    drawn = np.asarray(sample(jax.random.key(3), space.cardinalities, 4_000))
    assert drawn.dtype == np.int32
    p_values = []
    for column, choices in zip(drawn.T, space.cardinalities, strict=True):
        counts = np.bincount(column, minlength=choices)
        assert len(counts) == choices
        if choices > 1:
            p_values.append(stats.chisquare(counts).pvalue)
    # over so many decisions the smallest p-value is small by chance; Bonferroni's correction allows for that
    assert min(p_values) > 0.001 / len(p_values)


@few_spaces
def test_next_neighbours_are_one_step_away_or_none(space):
    genotype = sample(jax.random.key(2), space.cardinalities, 5)
    rows, inside = next_neighbours(genotype, space.cardinalities)
    distance = np.abs(np.asarray(rows) - np.asarray(genotype)[:, None]).sum(-1)
    np.testing.assert_array_equal(distance, np.asarray(inside).astype(int))
    ends = (np.asarray(genotype) == 0).sum() + (np.asarray(genotype) == np.array(space.cardinalities) - 1).sum()
    assert (~np.asarray(inside)).sum() == ends


def uncurated_baseline(task):
    space = space_of(task, "uncurated")
    return space.decode(space.encode(SKELETONS[task].baseline()))


@pytest.mark.parametrize("task", SKELETONS)
def test_the_baseline_is_in_the_uncurated_space(task):
    blocks = uncurated_baseline(task)
    assert all(block.kind in ("conv", "ibn", "upsample", "global_pool") for block in blocks)
    assert count_macs(blocks) > 1e6


def test_an_aligned_staircase_is_curated_to_its_edges():
    # latency is a staircase of steps of eight channels, so only multiples of eight are worth having
    decision = Decision("channels", tuple(range(4, 33)))
    space = SearchSpace("stairs", (decision,), (Layer("conv", "channels"),), 8)
    curated = auto_curate(space, lambda w: jnp.ceil(w.out_channels.sum(-1) / 8), ("channels",), jax.random.key(0))
    assert {8, 16, 24, 32} <= set(curated.decisions[0].choices)
    assert not {9, 15, 17, 23, 25, 31} & set(curated.decisions[0].choices)


def test_auto_curation_by_a_cost_model_that_does_not_know_all_networks_is_refused():
    space = SearchSpace("stairs", (Decision("channels", tuple(range(4, 33))),), (Layer("conv", "channels"),), 8)
    with pytest.raises(TaskInputError, match="auto-curated: the cost model does not know all networks of stairs"):
        auto_curate(
            space, lambda w: jnp.where(w.out_channels[:, 0] == 9, jnp.inf, 1.0), ("channels",), jax.random.key(0)
        )


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (Layer("global_pool", kernel=7), "has no window; "),
        (Layer("global_pool", stride=2), "has no window to move; "),
        (Layer("upsample"), "enlarges by its stride, 1; "),
        (Layer("conv", 4, kernel=2), "kernel is 2; "),
        (Layer("max_pool", kernel=8), "kernel is 8; "),
        (Layer("pool", kernel=2), "kernel is 2; "),
    ],
)
def test_a_space_has_no_windows_that_its_networks_files_refuse_and_no_layer_that_does_nothing(layer, words):
    decisions = (Decision("channels", (4, 8)), Decision("pool", ("max_pool", "depthwise")))
    with pytest.raises(TaskInputError, match=f"layer 1.*{words}allowed"):
        SearchSpace("windows", decisions, (Layer("conv", "channels"), layer, Layer("pool", stride=2)), 8)


def test_pooling_may_have_an_even_window():
    layers = (Layer("conv", "channels"), Layer("max_pool", kernel="window", stride=2))
    space = SearchSpace("pools", (Decision("channels", (4, 8)), Decision("window", (2, 3))), layers, 8)
    blocks = space.decode((1, 0))
    check_chain(blocks)
    assert (blocks[1].kernel, blocks[1].out_height) == (2, 4)


def test_a_space_of_ones_own_is_one_short_file(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from tasks.spaces.layer import Decision, Layer, Presence\n"
        "from tasks.spaces.space import SearchSpace\n"
        "decisions = (Decision('width', (8, 16)), Decision('body', ('ibn_3', 'conv')), Decision('depth', (1, 2)))\n"
        "layers = (Layer('conv', 'width', stride=2), Layer('body', 'width', present=Presence('depth', (2,))),\n"
        "          Layer('conv', 5, kernel=1, activation=False))\n"
        "SPACE = SearchSpace('mine', decisions, layers, input_side=96)\n"
    )
    space = make_space(make_task("detection"), str(file), 8, latency_ms)
    networks = [space.decode(genotype) for genotype in itertools.product(range(2), repeat=3)]
    assert space.size == 8
    assert {len(network) for network in networks} == {2, 3}


def test_what_is_wrong_with_a_space_is_named(tmp_path):
    def space(decisions, layers, side=8):
        return SearchSpace("bad", decisions, layers, side)

    width = Decision("width", (8, 16))
    with pytest.raises(TaskInputError, match="no layer uses decision 'width'"):
        space((width,), (Layer("conv", 8),))
    with pytest.raises(TaskInputError, match="layer 0: channels is 'wide'; allowed: whole numbers"):
        space((width,), (Layer("conv", "wide"), Layer("conv", "width")))
    with pytest.raises(TaskInputError, match="block is 'ibn'; allowed"):
        space((width,), (Layer("ibn", "width"),))
    with pytest.raises(TaskInputError, match=r"has choices \(\); allowed: a tuple of one and more"):
        space((Decision("width", ()),), (Layer("conv", "width"),))
    with pytest.raises(TaskInputError, match="present is Presence"):
        space((width,), (Layer("conv", "width", present=Presence("depth", (1,))),))
    with pytest.raises(TaskInputError, match="unknown space 'V1' for classification; allowed: curated, "):
        make_space(make_task("classification"), "V1", 8, latency_ms)
    with pytest.raises(TaskInputError, match="unknown task 'speech'; allowed: classification, "):
        space_names("speech")
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(TaskInputError, match=r"empty.py defines no SPACE"):
        make_space(make_task("detection"), str(tmp_path / "empty.py"), 8, latency_ms)
    with pytest.raises(TaskInputError, match=r"missing.py does not exist"):
        make_space(make_task("detection"), "missing.py", 8, latency_ms)


OWN = """
from tasks.spaces.layer import Decision, Layer, Presence
from tasks.spaces.space import SearchSpace

width, body = Decision("width", (8, 16)), Decision("body", ("ibn_3", "conv"))
more = {}
pool = Layer("global_pool", kernel=1)
last = Layer("conv", 10, kernel=1, activation=False)
CHANGE
layers = (Layer("body", "width", stride=2), pool, last)
SPACE = SearchSpace("own", (width, body), layers, 28, **{"input_channels": 1} | more)
"""


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ('width = Decision("width", (8, 0))', "layer 0: channels (decision 'width') is 0; allowed: whole numbers 1 to"),
        ('width = Decision("width", (8, -8))', "channels (decision 'width') is -8; allowed: whole numbers 1 to 8192"),
        ('width = Decision("width", (8, 10**5000))', "channels (decision 'width') is a int; allowed: whole numbers"),
        ('body = Decision("body", ("ibn_3", "ibn_0"))', "layer 0: block (decision 'body') is 'ibn_0'; allowed: conv,"),
        ('body = Decision("body", ("ibn_3", "depthwise"))', "gives the channels that it takes"),
        ('width = Decision("width_multiplier", (1.0, -1))', "width_multiplier is -1; allowed: numbers above 0 to 16"),
        ('more = {"channel_step": 0}', "channel_step is 0; allowed: whole numbers 1 to"),
        ('more = {"input_channels": 3}', "input_channels is 3; allowed for classification on fashion_items: 1"),
        (
            'last = Layer("conv", 5, kernel=1)',
            "its networks give 5 channels; allowed for classification on fashion_item",
        ),
        ('pool = Layer("conv", 8)', "its output is 14 x 14; allowed for classification: 1 x 1 (global_pool), whatever"),
        (
            'pool = Layer("global_pool", kernel=1, present=Presence("body", ("conv",)))',
            "its output is 14 x 14; allowed",
        ),
        ('last = Layer("conv", "width", kernel=1)', "its networks give 8 channels; allowed"),
        ('last = Layer("conv", 10, present=Presence("body", ("conv",)))', "its networks give 8 channels; allowed"),
        ("raise SystemExit(3)", "cannot be run: SystemExit: 3"),
        ("class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd", "cannot be run: Odd"),
    ],
)
def test_every_choice_of_a_users_space_is_checked_when_it_is_loaded_against_the_task_too(tmp_path, change, line):
    file = tmp_path / "own.py"
    task = make_task("classification", "fashion_items")
    file.write_text(OWN.replace("CHANGE", ""))
    assert make_space(task, str(file), 8, latency_ms).size == 4
    file.write_text(OWN.replace("CHANGE", change))
    with pytest.raises(TaskInputError, match=re.escape(line)) as raised:
        make_space(task, str(file), 8, latency_ms)
    assert "own.py" in str(raised.value) or "space own" in str(raised.value)


def test_spaces_take_the_images_of_the_data_set():
    task = make_task("classification", "oxford_iiit_pet")
    space = make_space(task, "curated", 8, latency_ms)
    blocks = space.decode((0,) * len(space.decisions))
    assert (blocks[0].height, blocks[0].in_channels, blocks[-1].out_channels) == (96, 3, 2)
