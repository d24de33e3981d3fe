"""Standard deviations hold what they say, on networks that set no scale; and what lies outside the fit is said."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hw_model.blocks import Block
from hw_model.cost_models import cost_model
from hw_model.learned.calibration import COVERED, error_scales, held_share
from hw_model.network_file import EXAMPLES, load_network
from hw_model.predict import predict
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.compiler import compile_blocks
from hw_model.workload import workload_from_chains


def test_two_standard_deviations_hold_95_percent_of_errors_of_any_shape_that_set_no_scale():
    generator = np.random.default_rng(0)

    def errors(count):
        terms = np.stack([generator.gamma(1.0, 0.02, count), generator.gamma(2.0, 0.01, count), np.ones(count)])
        size = np.sqrt((3.0 * terms[0]) ** 2 + 0.01**2)
        return terms, np.abs(generator.standard_t(2, count)) * size

    set_on, evaluated = errors(400), errors(20_000)
    scales = np.asarray(error_scales(*set_on, kept=400), float)
    std = np.sqrt(((scales[:, None] * evaluated[0]) ** 2).sum(0))
    assert 0.93 < np.mean(evaluated[1] < 2 * std) < 0.975
    # and they tell large errors from small ones, where one width for all would not
    assert np.corrcoef(std, np.hypot(3.0 * evaluated[0][0], 0.01))[0, 1] > 0.9


def test_others_help_to_shape_the_scales_but_do_not_count_in_what_is_held():
    terms, errors = np.ones((1, 200)), np.concatenate([np.linspace(0.01, 0.2, 100), np.full(100, 1e-3)])
    assert 2 * float(error_scales(terms, errors, kept=100)[0]) == pytest.approx(np.sort(errors[:100])[95], rel=0.02)


@pytest.mark.parametrize("kept", [2, 18, 19, 100])
def test_few_networks_hold_no_more_than_they_can(kept):
    # equal terms, so that all hangs on the errors' order: how often a new one is below twice the deviation
    generator, held = np.random.default_rng(kept), []
    for _ in range(40):
        errors = generator.uniform(0.0, 1.0, kept)
        held.append(2 * float(error_scales(np.ones((1, kept)), errors, kept)[0]))
    assert np.mean(np.minimum(held, 1.0)) == pytest.approx(held_share(kept), abs=0.06)
    assert (held_share(kept) < COVERED) == (kept < 19)


def test_what_was_missed_by_five_standard_deviations_is_held_by_three():
    blocks = load_network(EXAMPLES / "ds_cnn.json").blocks
    found, compiled = predict(blocks, "ethos-u55-256"), compile_blocks(blocks, ETHOS_U["ethos-u55-256"])
    assert abs(found.cost.latency_ms - compiled.latency_ms) < 3 * found.latency_std_ms


def test_a_small_classifier_is_not_said_to_fill_the_sram_without_an_error_bar_that_says_so():
    blocks = (Block("global_pool", 4, 4, 1280, 1280, 1), Block("conv", 1, 1, 1280, 1000, 1, activation=False))
    found, compiled = predict(blocks, "ethos-u65-256"), compile_blocks(blocks, ETHOS_U["ethos-u65-256"])
    assert abs(found.cost.peak_activation_bytes - compiled.peak_activation_bytes) < 2 * found.peak_std_bytes


def test_what_lies_outside_of_all_that_was_learned_from_is_said_and_its_deviation_grows():
    enormous = (Block("conv", 4096, 4096, 8192, 8192, 3),)
    ordinary = load_network(EXAMPLES / "mobilenet_v2_050.json").blocks
    for name in ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024"):
        far, near = predict(enormous, name), predict(ordinary, name)
        assert far.extrapolated
        assert not near.extrapolated
        assert far.latency_std_ms / far.cost.latency_ms > 3 * near.latency_std_ms / near.cost.latency_ms
    assert not predict(enormous, "npu-p16").extrapolated


def test_the_peak_s_deviation_has_a_gradient_where_all_members_say_that_the_sram_is_full():
    work = workload_from_chains([(Block("conv", 256, 256, 64, 64), Block("conv", 256, 256, 64, 64))])
    estimate = cost_model("ethos-u65-256").estimate

    def deviation(channels):
        found = estimate(work._replace(out_channels=channels))
        return found.peak_std_bytes[0], found.cost.peak_activation_bytes[0]

    slope, peak_bytes = jax.jit(jax.grad(deviation, has_aux=True))(jnp.asarray(work.out_channels, jnp.float32))
    assert peak_bytes == ETHOS_U["ethos-u65-256"].arena_cache_bytes
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("name", ["ethos-u55-256", "ethos-u65-512", "ethos-u85-1024", "ethos-u65-512-sram-only"])
def test_energy_and_traffic_mean_the_same_whether_compiled_or_estimated(name):
    blocks = load_network(EXAMPLES / "mobilenet_v2_050.json").blocks
    estimated, compiled = predict(blocks, name).cost, predict(blocks, name, "compile").cost
    if name.endswith("sram-only"):  # whose estimator knows that nothing lies behind, and no more
        assert np.isnan(estimated.energy_mj)
        assert estimated.off_chip_bytes == compiled.off_chip_bytes == 0
    else:
        assert estimated.energy_mj == pytest.approx(compiled.energy_mj, rel=0.25)
        assert estimated.off_chip_bytes == pytest.approx(compiled.off_chip_bytes, rel=0.3)
        report = compile_blocks(blocks, ETHOS_U[name])
        assert compiled.off_chip_bytes == report.dram_bytes + report.flash_bytes
