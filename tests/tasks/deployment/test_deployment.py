"""A network's .tflite files against the network itself: every kind of block, statistics as training leaves them."""

import sys

import jax
import numpy as np
import pytest
from ethosu.vela.tflite.Model import Model

from hw_model.blocks import Block, check_chain
from hw_model.kinds import KINDS
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.tflite_file import compile_tflite
from hw_model.vela.tflite_float import Weights, write_float_tflite
from tasks.deployment.litert import make_interpreter, numbers, run_tflite, stored
from tasks.deployment.quantise import calibrated_ranges, quantise
from tasks.errors import TaskInputError
from tasks.networks.blocks import ChainNetwork
from tasks.networks.fold import fold
from tasks.networks.initialise import initialise

CHAIN = (
    Block("conv", 17, 13, 3, 8, stride=2),
    Block("ibn", 9, 7, 8, 8, residual=True),
    Block("fused_ibn", 9, 7, 8, 12, stride=2, expansion=3),
    Block("ibn", 5, 4, 12, 12, kernel=5, expansion=2, residual=True),
    Block("upsample", 5, 4, 12, 12, stride=2),
    Block("max_pool", 10, 8, 12, 12, kernel=2, stride=2),
    Block("depthwise", 5, 4, 12, 12, stride=2),
    Block("depthwise", 3, 2, 12, 12, activation=False),
    Block("conv", 3, 2, 12, 12, residual=True),
    Block("global_pool", 3, 2, 12, 12),
    Block("conv", 1, 1, 12, 5, kernel=1, activation=False),
)


def trained_like(blocks, seed):
    """Variables whose normalisation has done something: statistics and affine parameters far from where they start."""
    generator = np.random.default_rng(seed)

    def draw(path, leaf):
        name = path[-1].key
        if name in ("var", "scale"):
            return generator.uniform(0.3, 2, leaf.shape).astype(np.float32)
        return leaf if name == "kernel" else generator.normal(0, 0.5, leaf.shape).astype(np.float32)

    first = blocks[0]
    shape = (first.height, first.width, first.in_channels)
    return jax.tree_util.tree_map_with_path(draw, initialise(ChainNetwork(blocks), shape, jax.random.key(seed)))


@pytest.fixture(scope="module")
def exported():
    """Images, the network's own output for them, and the two files."""
    variables = trained_like(CHAIN, 0)
    images = np.random.default_rng(1).uniform(-1, 1, (48, 17, 13, 3)).astype(np.float32)
    output = np.asarray(jax.jit(lambda given, x: ChainNetwork(CHAIN).apply(given, x, train=False))(variables, images))
    content = write_float_tflite(CHAIN, fold(CHAIN, variables))
    return images, output, content, quantise(content, images)


def test_the_chain_has_every_kind_of_block_that_can_be_trained():
    check_chain(CHAIN)
    assert {block.kind for block in CHAIN} == {name for name, kind in KINDS.items() if not kind.only_costed}


def test_the_float_file_gives_what_the_network_gives(exported):
    images, output, content, _ = exported
    found = run_tflite(content, images)
    assert found.shape == output.shape == (48, 1, 1, 5)
    assert output.std() > 0.5
    assert found == pytest.approx(output, abs=1e-4)


def test_a_file_with_other_statistics_gives_something_else(exported):
    images, output, *_ = exported
    variables = trained_like(CHAIN, 0)
    first = variables["batch_stats"]["block_01_ibn"]["BatchNorm_0"]
    first["mean"] = first["mean"] + 0.1
    found = run_tflite(write_float_tflite(CHAIN, fold(CHAIN, variables)), images)
    assert np.abs(found - output).max() > 1e-2


def test_the_int8_file_is_near_the_float_one(exported):
    images, output, content, quantised = exported
    found = run_tflite(quantised, images)
    span = output.max() - output.min()
    assert np.abs(found - output).max() < 0.06 * span
    assert np.abs(found - output).mean() < 0.015 * span
    assert len(quantised) < 0.7 * len(content)  # what is no weight is as large in both


def test_the_int8_file_is_int8_from_end_to_end_with_scales_by_channel(exported):
    graph = Model.GetRootAs(exported[3]).Subgraphs(0)
    scales = {}
    for number in range(graph.TensorsLength()):
        tensor = graph.Tensors(number)
        dtype = {9: "int8", 2: "int32"}[tensor.Type()]
        scales[number] = (dtype, tensor.Quantization().ScaleLength() if tensor.Quantization() else 0)
    assert scales[graph.Inputs(0)] == scales[graph.Outputs(0)] == ("int8", 1)
    last = graph.Operators(graph.OperatorsLength() - 1)
    assert [scales[last.Inputs(place)] for place in (1, 2)] == [("int8", 5), ("int32", 5)]


def test_the_compiler_leaves_none_of_it_to_the_host(exported):
    cost = compile_tflite(exported[3], ETHOS_U["ethos-u55-256"])
    assert not cost.on_cpu
    assert cost.latency_ms > 0


def test_ranges_are_those_of_all_images_and_the_inputs_is_known(exported):
    images, output, content, _ = exported
    ranges = calibrated_ranges(content, images)
    assert next(iter(ranges.values())) == (-1.0, 1.0)
    assert list(ranges.values())[-1] == pytest.approx((output.min(), output.max()), abs=1e-4)
    fewer = calibrated_ranges(content, images[:4])
    assert all(ranges[name][0] <= low and high <= ranges[name][1] for name, (low, high) in fewer.items())


def test_a_layer_that_no_image_wakes_leaves_the_biases_behind_it():
    chain = (Block("conv", 4, 4, 1, 3), Block("conv", 4, 4, 3, 4), Block("global_pool", 4, 4, 4, 4))
    generator = np.random.default_rng(0)
    asleep = Weights(np.zeros((3, 3, 1, 3), np.float32), np.full(3, -1, np.float32))
    behind = Weights(generator.normal(size=(3, 3, 3, 4)).astype(np.float32), np.full(4, 0.5, np.float32))
    images = generator.uniform(-1, 1, (1, 4, 4, 1)).astype(np.float32)
    found = run_tflite(quantise(write_float_tflite(chain, [asleep, behind]), images), images)
    np.testing.assert_allclose(found, 0.5, atol=0.01)


def test_numbers_are_stored_as_the_format_says():
    tensor = {"dtype": np.int8, "quantization": (0.5, -1)}
    values = np.array([-100.0, -1.0, 0.2, 0.3, 1.0, 100.0], np.float32)
    assert stored(values, tensor).tolist() == [-128, -3, -1, 0, 1, 127]
    assert numbers(stored(values, tensor), tensor).tolist() == [-63.5, -1, 0, 0.5, 1, 64]


def test_pixels_go_into_an_int8_file_as_the_how_to_says():
    chain, pixels = (Block("conv", 16, 16, 1, 2, kernel=1, activation=False),), np.arange(256)
    images = np.float32(pixels / 127.5 - 1).reshape(1, 16, 16, 1)
    weights = Weights(np.ones((1, 1, 1, 2), np.float32), np.zeros(2, np.float32))
    (entry,) = make_interpreter(quantise(write_float_tflite(chain, [weights]), images)).get_input_details()
    scale, zero_point = entry["quantization"]
    given = stored(images, entry).ravel().astype(int)
    said = np.clip((pixels / 127.5 - 1) / scale + zero_point, -128, 127)
    np.testing.assert_array_less(np.abs(given - said), 0.501)
    np.testing.assert_array_less(np.abs(pixels - 128 - said), 0.501)
    assert np.abs(given - (pixels - 128)).max() == 1


def test_weights_that_are_not_the_chains_are_refused():
    weights = fold(CHAIN, trained_like(CHAIN, 0))
    with pytest.raises(ValueError, match="weights of a conv are none"):
        write_float_tflite(CHAIN, weights[:-1])
    with pytest.raises(ValueError, match="1 of 13 weights belong to no operator"):
        write_float_tflite(CHAIN, [*weights, weights[-1]])
    with pytest.raises(ValueError, match=r"weights of a conv are \(1, 1, 12, 5\) and \(5,\)"):
        write_float_tflite(CHAIN, weights[::-1])


def test_without_the_extra_it_is_named(exported, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(TaskInputError, match=r"pip install 'accelnas\[export\]'"):
        run_tflite(exported[2], exported[0])
    with pytest.raises(TaskInputError, match="no images to calibrate on; allowed: 1 and more"):
        quantise(exported[2], exported[0][:0])
