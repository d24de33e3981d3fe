"""A file of blocks that were timed: read as its rows say, and added up as a loop over the blocks would."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hw_model.blocks import Block
from hw_model.cost import count_macs, count_param_bytes
from hw_model.cost_models import cost_model
from hw_model.errors import HardwareInputError
from hw_model.network_file import EXAMPLES, load_network
from hw_model.predict import predict
from hw_model.tables.block_file import block_estimate, block_table, read_blocks, save_blocks
from hw_model.workload import workload_from_chains

TEXT = """kind,height,width,in_channels,out_channels,kernel,stride,expansion,residual,latency_ms
conv,32,32,3,16,,2,,no,0.4
ibn,16,16,16,16,3,1,6,yes,1.5
ibn,16,16,16,16,3,1,6,yes,2.5
global_pool,16,16,16,16,,,,,0.25
"""
CONV = Block("conv", 32, 32, 3, 16, 3, 2)
IBN = Block("ibn", 16, 16, 16, 16, 3, 1, 6, True)
POOL = Block("global_pool", 16, 16, 16, 16, 1)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(TEXT)
    return path


def test_a_row_is_a_block_with_the_defaults_of_network_files_and_timings_of_one_are_averaged(path, tmp_path):
    assert read_blocks(path) == {CONV: 0.4, IBN: 2.0, POOL: 0.25}
    save_blocks(tmp_path / "again.csv", read_blocks(path))
    assert read_blocks(tmp_path / "again.csv") == read_blocks(path)


def test_a_network_s_latency_is_the_sum_of_its_blocks_and_the_rest_is_counted(path):
    network = (CONV, IBN, IBN, POOL)
    found = predict(network, str(path))
    assert found.method == "blocks"
    assert found.cost.latency_ms == pytest.approx(0.4 + 2 * 2.0 + 0.25)
    assert [part.latency_ms for part in found.blocks] == pytest.approx([0.4, 2.0, 2.0, 0.25])
    assert (found.cost.macs, found.cost.param_bytes) == (count_macs(network), count_param_bytes(network))
    # the largest moment is the depthwise convolution: 96 channels in, 96 out, and the 16 of the residual
    assert found.cost.peak_activation_bytes == 16 * 16 * (96 + 96 + 16)
    with pytest.raises(
        HardwareInputError, match=r"lacks 1 of 2 blocks, first ibn of 16x16x16 to 16, kernel 5.* activation;"
    ):
        predict((CONV, Block("ibn", 16, 16, 16, 16, 5)), str(path))


def test_a_file_that_has_changed_is_read_again(path):
    before = cost_model(str(path)).fingerprint
    path.write_text(TEXT.replace("0.4", "0.45"))
    assert predict((CONV,), str(path)).cost.latency_ms == pytest.approx(0.45)
    assert cost_model(str(path)).fingerprint != before


def test_a_batch_of_chains_costs_what_a_loop_over_their_blocks_adds_up():
    known = list(dict.fromkeys(block for path in EXAMPLES.glob("mobile*.json") for block in load_network(path).blocks))
    rng = np.random.default_rng(0)
    times = {block: float(time) for block, time in zip(known, rng.random(len(known)), strict=True)}
    table = block_table({block: time for block, time in times.items() if time < 0.9})
    assert len(known) > 40
    chains = [(known[place],) for place in rng.integers(len(known), size=200)]
    found = jax.jit(block_estimate)(table, jax.tree.map(jnp.asarray, workload_from_chains(chains, 3)))
    wanted = [times[block] if times[block] < 0.9 else np.inf for (block,) in chains]
    np.testing.assert_allclose(found.cost.latency_ms, wanted, rtol=1e-6)
    assert np.isinf(wanted).any()
    assert np.isnan(found.cost.energy_mj).all()


def test_blocks_that_differ_in_what_means_nothing_are_one():
    table = block_table({IBN: 1.0})
    other = Block(**(vars(IBN) | {"activation": False}))  # an inverted bottleneck ends linearly
    assert block_estimate(table, workload_from_chains([[other]])).cost.latency_ms[0] == 1.0
    other = Block(**(vars(CONV) | {"activation": False}))
    unknown = block_estimate(block_table({CONV: 1.0}), workload_from_chains([[other]])).cost
    # over whatever is bounded
    assert all(np.isinf(value[0]) for value in (unknown.latency_ms, unknown.param_bytes, unknown.peak_activation_bytes))


def test_every_timing_of_blocks_that_differ_in_what_means_nothing_counts(tmp_path):
    path = tmp_path / "mine.csv"
    rows = "kind,height,width,in_channels,out_channels,kernel,stride,activation,latency_ms\n"
    rows += "max_pool,8,8,4,4,2,2,yes,1\nmax_pool,8,8,4,4,2,2,no,4\nmax_pool,8,8,4,4,2,2,,4\n"
    rows += "upsample,8,8,4,4,,,,1\nupsample,8,8,4,4,3,2,,3\nglobal_pool,8,8,4,4,,,,1\nglobal_pool,8,8,4,4,3,,no,5\n"
    path.write_text(rows)
    pool, upsample, mean = (
        Block("max_pool", 8, 8, 4, 4, 2, 2),
        Block("upsample", 8, 8, 4, 4, 1, 2),
        Block("global_pool", 8, 8, 4, 4, 1),
    )
    assert read_blocks(path) == {pool: 3.0, upsample: 2.0, mean: 3.0}
    for block, latency_ms in ((pool, 3.0), (upsample, 2.0), (mean, 3.0)):
        for kernel in {block.kernel, 3} if block is not pool else {2}:
            other = Block(**(vars(block) | {"kernel": kernel, "activation": False}))
            assert predict([other], str(path)).cost.latency_ms == latency_ms
    table = block_table({pool: 1.0, Block(**(vars(pool) | {"activation": False})): 2.0})
    assert table.latency_ms.tolist() == [1.5]


def test_sram_is_that_of_live_tensors_where_the_held_input_of_a_residual_is_padded_to_16_channels(path):
    block = Block("ibn", 8, 8, 4, 4, expansion=2, residual=True)
    save_blocks(path, {block: 1.0})
    # the depthwise convolution's 8 channels in and out
    assert predict([block], str(path)).cost.peak_activation_bytes == 8 * 8 * (8 + 8 + 16)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind,", "kinds,", "column 'kinds'; allowed, once each: kind, height"),
        ("height,width", "height,height", "column 'height'"),
        ("latency_ms", "", "column ''"),
        (TEXT, "", "no column kind; needed: kind"),
        (TEXT, TEXT.splitlines()[0], "0 rows; allowed: 1 to 100000"),
        ("conv,", "attention,", "line 2: kind 'attention'; allowed: conv"),
        ("32,3,16", "32,3.5,16", "line 2: in_channels '3.5'; allowed: whole numbers"),
        ("32,3,16", "32,,16", "line 2: no in_channels"),
        ("3,1,6,yes,1.5", "4,1,6,yes,1.5", r"line 3:  ?\(ibn\): kernel is 4"),
        ("16,16,3,1,6,yes,1.5", "16,24,3,1,6,yes,1.5", "line 3.*residual"),
        ("yes,1.5", "maybe,1.5", "line 3: residual 'maybe'; allowed: yes, no"),
        ("no,0.4", "no,-1", r"line 2: latency_ms '-1'; allowed: 0, or numbers from 1e-30 to 1e\+30"),
        ("no,0.4", "no,1e39", "line 2: latency_ms '1e39'; allowed: 0, or numbers"),
        ("no,0.4", "no,1e-50", "line 2: latency_ms '1e-50'; allowed: 0, or numbers"),
        ("no,0.4", "no,nan", "line 2: latency_ms 'nan'"),
        ("no,0.4", "no,\uff11", "line 2: latency_ms '\uff11'"),
        ("no,0.4", "no", "line 2: 9 values in 10 columns"),
        ("conv", '"conv', "cannot be read as CSV"),
    ],
)
def test_a_file_that_is_none_is_named_with_its_line(path, old, new, message):
    path.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(HardwareInputError, match=message):
        read_blocks(path)


def test_a_name_too_long_for_a_file_is_refused_as_one_that_is_not_there():
    with pytest.raises(HardwareInputError, match=r"a\.csv"):
        predict((Block("conv", 8, 8, 3, 8),), "a" * 300 + ".csv")
