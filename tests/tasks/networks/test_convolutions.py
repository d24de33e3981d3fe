"""Our convolutions equal XLA's own, values and gradients: the fast forms are only another order of the same sums."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tasks.networks.convolution import NARROW, conv
from tasks.networks.depthwise import NARROW as DEPTHWISE_NARROW
from tasks.networks.depthwise import depthwise_conv
from tasks.networks.windows import same_padding
from tests.tasks.networks.supernet_spaces import compile_quickly

SHAPES = [(size, kernel, stride) for size in (7, 12) for kernel in (1, 3, 5) for stride in (1, 2)]


def reference(x, weights, stride, groups=1):
    return lax.conv_general_dilated(
        x, weights, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=groups
    )


def assert_same_function(ours, theirs, *arguments):
    def both(function):
        def compute(cotangent, *arguments):
            value, gradient = jax.vjp(function, *arguments)
            return value, gradient(cotangent)

        return compile_quickly(compute)

    shape = jax.eval_shape(theirs, *arguments).shape
    cotangent = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    (value, gradient), (expected, expected_gradient) = (both(each)(cotangent, *arguments) for each in (ours, theirs))
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-5)
    for got, wanted in zip(gradient, expected_gradient, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


def draw(*shapes):
    generator = np.random.default_rng(0)
    return [generator.normal(size=shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize(("size", "kernel", "stride"), SHAPES)
def test_conv_equals_xla(size, kernel, stride):
    x, weights = draw((2, size, size + 1, 3), (kernel, kernel, 3, 4))
    assert_same_function(lambda x, w: conv(x, w, stride), lambda x, w: reference(x, w, stride), x, weights)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "out"),
    [(7, 1, 1, 40), (7, 1, 1, 4), (7, 3, 1, 40), (7, 3, 2, 4), (7, 5, 2, 40), (4, 5, 1, 40), (4, 5, 2, 4)],
)
def test_conv_of_many_channels_equals_xla(size, kernel, stride, out):
    x, weights = draw((2, size, size + 1, NARROW + 1), (kernel, kernel, NARROW + 1, out))
    assert_same_function(lambda x, w: conv(x, w, stride), lambda x, w: reference(x, w, stride), x, weights)


@pytest.mark.parametrize(("size", "kernel", "stride"), [shape for shape in SHAPES if shape[1] > 1])
def test_depthwise_equals_xla_grouped(size, kernel, stride):
    x, weights = draw((2, size, size + 1, 3), (kernel, kernel, 3))
    assert_same_function(
        lambda x, w: depthwise_conv(x, w, stride),
        lambda x, w: reference(x, w[:, :, None, :], stride, groups=3),
        x,
        weights,
    )


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (5, 2)])
def test_depthwise_of_many_channels_equals_xla_grouped(kernel, stride):
    channels = DEPTHWISE_NARROW + 1
    x, weights = draw((2, 7, 8, channels), (kernel, kernel, channels))
    assert_same_function(
        lambda x, w: depthwise_conv(x, w, stride),
        lambda x, w: reference(x, w[:, :, None, :], stride, groups=channels),
        x,
        weights,
    )


def test_same_padding_puts_the_odd_pixel_last():
    # worked out by hand: 96 pixels, kernel 3, stride 2 give 48, which reach over 97 pixels
    assert same_padding(96, 3, 2) == (0, 1)
    assert same_padding(7, 3, 2) == (1, 1)
    assert same_padding(8, 5, 1) == (2, 2)


def test_gradient_runs_inside_a_scan():
    (x,) = draw((2, 8, 8, 3))

    def step(weights, _):
        gradient = jax.grad(lambda w: jnp.sum(conv(x, w, 2) ** 2))(weights)
        return weights - 1e-3 * gradient, jnp.sum(gradient**2)

    _, sizes = lax.scan(step, jnp.ones((3, 3, 3, 4)) * 0.1, None, length=3)
    assert sizes[0] > sizes[1] > sizes[2] > 0
