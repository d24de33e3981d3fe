"""Timing on the device at hand: shapes are those of the blocks, times those of real work."""

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.commands.measure import measure
from hw_model.blocks import Block
from hw_model.cost import count_macs
from hw_model.cost_models import PRETRAINED, accelerator_names, fitted_folder
from hw_model.errors import HardwareInputError
from hw_model.learned import device, measuring
from hw_model.learned.dataset import MeasuredChain, load_dataset, save_dataset
from hw_model.learned.device import _network, _weights, current_device, time_blocks
from hw_model.learned.fitting import FitSettings, fit, load_estimator, save_estimator
from hw_model.operators import OperatorReport, chain_operators
from hw_model.predict import predict
from hw_model.vela.accelerators import ETHOS_U
from tests.hw_model.networks import ALL_KINDS, NETWORKS

SETS = {"train-mine": (8, 16, 24), "train-theirs": (32, 40)}
"""Output channels of the networks of two sets."""


@pytest.mark.parametrize("name", [*NETWORKS])
def test_what_is_timed_has_the_shapes_and_arithmetic_of_the_blocks(name):
    blocks = NETWORKS[name]
    image = jax.ShapeDtypeStruct((1, blocks[0].height, blocks[0].width, blocks[0].in_channels), jnp.float32)
    weights = _weights(chain_operators(blocks))
    given = jax.eval_shape(lambda value: _network(blocks, weights, value), image)
    assert given.shape == (1, blocks[-1].out_height, blocks[-1].out_width, blocks[-1].out_channels)
    flops = jax.jit(partial(_network, blocks)).lower(weights, image).cost_analysis()["flops"]
    # two for each MAC (windows that hang over the edge count in part), and some for adding, clipping and pooling
    assert 0.8 < flops / (2 * count_macs(blocks)) < 1.3


def test_weights_are_not_written_anew_in_every_inference():
    blocks = (Block("global_pool", 1, 1, 1280, 1280), Block("conv", 1, 1, 1280, 1000, kernel=1))
    weights, image = _weights(chain_operators(blocks)), jax.ShapeDtypeStruct((1, 1, 1, 1280), jnp.float32)
    compiled = jax.jit(partial(_network, blocks)).lower(weights, image).compile()
    assert compiled.memory_analysis().temp_size_in_bytes < 4 * 1280 * 1000 / 10


def test_operators_add_up_to_the_network_and_more_work_takes_longer():
    profile = time_blocks(ALL_KINDS)
    assert len(profile.operator_cycles) == len(chain_operators(ALL_KINDS))
    assert profile.cycles == sum(profile.operator_cycles)
    # 256 times the arithmetic: a busy machine may swing by a few times, not by that
    small, large = (time_blocks([Block("conv", size, size, 64, 64)]).cycles for size in (8, 128))
    assert large > 8 * small


def test_what_a_residual_holds_counts_while_the_operators_between_run():
    profile = time_blocks([Block("ibn", 4, 4, 8, 8, expansion=2, residual=True)])
    # expansion, depthwise convolution, projection and addition, in float32
    values = [8 + 16, 16 + 16 + 8, 16 + 8 + 8, 8 + 8 + 8]
    assert profile.operator_sram_bytes == tuple(4 * 4 * 4 * each for each in values)
    assert profile.peak_activation_bytes == 4 * 4 * 4 * 40


def test_a_block_that_is_not_allowed_is_refused():
    with pytest.raises(HardwareInputError, match="height is 0"):
        time_blocks([Block("conv", 0, 8, 8, 8)])


def test_a_device_that_was_not_timed_names_the_command_that_does(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELNAS_HOME", str(tmp_path))
    for name in ("this-device", current_device().name):
        with pytest.raises(HardwareInputError, match="fit one with `accelnas measure --accelerator this-device --fit`"):
            predict(ALL_KINDS, name)


@pytest.mark.parametrize("changed", [{"cpu_model": lambda: "Another CPU"}, {"usable_threads": lambda: 999}])
def test_times_of_another_cpu_or_of_other_threads_and_what_was_fitted_to_them_are_refused(
    changed, tmp_path, monkeypatch
):
    monkeypatch.setattr(jax, "devices", lambda: [SimpleNamespace(device_kind="cpu")])
    data, fitted, ours = tmp_path / "a.parquet", tmp_path / "a.npz", current_device()
    blocks = (Block("conv", 8, 8, 3, 8),)
    save_dataset(data, [MeasuredChain("train", blocks, OperatorReport(9, 9, (9,), (9,)))], ours)
    save_estimator(fitted, load_estimator(PRETRAINED / "ethos-u55-32.npz", ETHOS_U["ethos-u55-32"]), ours)
    assert [chain.blocks for chain in load_dataset(data, current_device())] == [blocks]
    load_estimator(fitted, current_device())
    for name, value in changed.items():
        monkeypatch.setattr(device, name, value)
    for load, path in ((load_dataset, data), (load_estimator, fitted)):
        with pytest.raises(HardwareInputError, match=r"Another CPU|, 999 threads"):
            load(path, current_device())


def test_too_few_networks_to_fit_to_are_refused_before_any_is_timed(tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "time_blocks", lambda blocks: pytest.fail("timed"))
    with pytest.raises(HardwareInputError, match=r"--fit with 5 networks to learn from .* 20 and more"):
        measure(("this-device",), budget=3, general=2, test=9, fit=True, results=tmp_path)
    (tmp_path / f"{current_device().name}.parquet").write_text("of another program")
    with pytest.raises(HardwareInputError, match="cannot be read"):
        measure(("this-device",), budget=30, general=0, results=tmp_path)


def test_networks_that_are_measured_already_are_enough_to_fit_to(tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "get_target", lambda name: ETHOS_U["ethos-u55-64"])
    fitted = []
    monkeypatch.setattr(measuring, "fit_to", lambda path, *_: fitted.append(path) or 20)
    blocks = [(Block("conv", 8, 8, 3, channels),) for channels in range(1, 21)]
    measuring.measure_networks(
        tmp_path / "ethos-u55-64.parquet", [("train-x", each) for each in blocks], ETHOS_U["ethos-u55-64"]
    )
    nothing = {"budget": 0, "general": 0, "test": 0, "results": tmp_path}
    measure(("ethos-u55-64",), fit=True, **nothing)
    assert fitted == [tmp_path / "ethos-u55-64.parquet"]


def test_two_that_measure_into_one_file_keep_what_both_found(tmp_path, monkeypatch):
    path, target = tmp_path / "both.parquet", ETHOS_U["ethos-u55-64"]
    mine, theirs = ([(name, (Block("conv", 8, 8, 3, width),)) for width in widths] for name, widths in SETS.items())
    real = measuring._report

    def report(blocks, accelerator):
        """While the first is on its way another process measures."""
        if theirs:
            other, theirs[:] = list(theirs), []
            measuring.measure_networks(path, other, accelerator)
        return real(blocks, accelerator)

    monkeypatch.setattr(measuring, "_report", report)
    measuring.measure_networks(path, mine, target)
    assert {(chain.set, chain.blocks[0].out_channels) for chain in load_dataset(path, target)} == {
        (name, width) for name, widths in SETS.items() for width in widths
    }


def test_times_of_another_device_are_not_asked_for_here(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELNAS_HOME", str(tmp_path))
    fitted_folder().mkdir()
    (fitted_folder() / "device-other.npz").write_bytes(b"of another machine")
    assert "device-other" in accelerator_names()
    with pytest.raises(HardwareInputError, match="device-other was timed on another device; allowed here: this-device"):
        predict(NETWORKS[next(iter(NETWORKS))], "device-other")


def test_what_is_missing_is_counted_and_a_busy_machine_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(measuring, "measure_sets", lambda *_, **__: None)
    monkeypatch.setattr(measuring, "time_blocks", lambda blocks: None)
    for share, words in ((0.02, ""), (0.9, "times differ by 90% from turn to turn")):
        monkeypatch.setattr(measuring, "unsteadiness", lambda share=share: share)
        measure(("this-device",), budget=8, general=4, test=4, results=tmp_path)
        printed = capsys.readouterr()
        assert "16 networks to time, about 1 minutes" in printed.out
        assert words in printed.err
        assert bool(words) == bool(printed.err)


def test_parts_and_networks_to_refine_by_are_counted_too(tmp_path, monkeypatch, capsys):
    for name in ("measure_sets", "measure_parts", "time_blocks"):
        monkeypatch.setattr(measuring, name, lambda *_, **__: None)
    monkeypatch.setattr(measuring, "unsteadiness", lambda: 0.0)
    monkeypatch.setattr(measuring, "_parts", lambda networks: [("single", (block,)) for block in networks[0][1]])
    first = measuring.wanted_sets(0, 0, 1)[0][1]
    measure(("this-device",), budget=20, general=0, test=1, refine=3, parts=True, results=tmp_path)
    assert f": {21 + 3 + len({*first})} networks to time" in capsys.readouterr().out
    refined = [SimpleNamespace(set="train-refined", blocks=()) for _ in range(2)]
    monkeypatch.setattr(measuring, "_known", lambda *_: refined)
    for asked, left in ((3, 1), (1, 0)):
        assert measuring.outlook(tmp_path, current_device(), 0, 0, 0, refine=asked).missing == left


@pytest.mark.parametrize(
    ("change", "told"),
    [({"operator_cycles": [1, 2]}, "figures of 2 operators where a network has 3"), ({"set": None}, "no set")],
)
def test_a_data_set_with_figures_missing_is_damaged(tmp_path, change, told):
    path, block = tmp_path / "data.parquet", Block("ibn", 4, 4, 8, 8, expansion=2)
    save_dataset(path, [MeasuredChain("train", (block,), OperatorReport(9, 9, (3, 3, 3), (9, 9, 9)))], current_device())
    table = pq.read_table(path)
    (row,) = table.to_pylist()
    pq.write_table(pa.Table.from_pylist([row | change], table.schema), path)
    with pytest.raises(HardwareInputError, match=rf"is damaged \(.*{told}"):
        load_dataset(path, current_device())


def test_measuring_again_refines_by_the_same_networks(tmp_path, monkeypatch):
    asked = []

    def doubtful(learned, count, accelerator):
        asked.append([chain.set for chain in learned])
        return []

    chains = [SimpleNamespace(set=name) for name in ("train-small", "train-refined", "test-small")]
    monkeypatch.setattr(measuring, "_least_sure", doubtful)
    monkeypatch.setattr(measuring, "measure_networks", lambda *_: None)
    monkeypatch.setattr(measuring, "load_dataset", lambda *_: chains)
    measuring.measure_sets(tmp_path, current_device(), budget=20, general=0, test=0, refine=4)
    assert asked == [["train-small"]]


def quick_fit(chains, accelerator):
    return fit(chains, accelerator, FitSettings(hidden=8, members=2, steps=100))


@pytest.mark.slow
def test_this_device_becomes_an_accelerator(tmp_path, monkeypatch):
    ours = current_device()
    monkeypatch.setattr(measuring, "fit", quick_fit)
    monkeypatch.setenv("ACCELNAS_HOME", str(tmp_path))
    # as few operators as a fit takes, since each is compiled
    networks = [(Block("conv", 8, 8, 3, c),) for c in range(8, 29)]
    networks.append((Block("conv", 8, 8, 3, 8), Block("ibn", 8, 8, 8, 8, 3, 1, 2, True)))
    monkeypatch.setattr("hw_model.learned.measuring.sample_general_networks", lambda seed, count: networks[:count])
    measure(("this-device",), budget=0, general=22, test=0, fit=True, results=tmp_path)
    assert len(load_dataset(tmp_path / f"{ours.name}.parquet", ours)) == 22
    assert ours.name in accelerator_names()
    found = predict(networks[-1], "this-device")
    assert str(found) == str(predict(networks[-1], ours.name))
    assert np.isnan([found.cost.energy_mj, found.cost.off_chip_bytes]).all()
    assert not load_estimator(fitted_folder() / f"{ours.name}.npz", ours).knows_traffic
    assert 0 < found.cost.latency_ms < 1000
