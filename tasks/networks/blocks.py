"""The trained counterparts of `hw_model.blocks.Block`."""

from __future__ import annotations

from functools import reduce

import jax
import jax.numpy as jnp
from flax import linen as nn

from hw_model.blocks import Block, is_chain
from hw_model.kinds import CONVOLUTIONS, KINDS, TWO_INPUTS, kind_names
from tasks.errors import TaskInputError
from tasks.networks.batch_norm import BatchNorm
from tasks.networks.convolution import conv
from tasks.networks.depthwise import depthwise_conv
from tasks.networks.windows import same_padding, taps

# `tasks.networks.initialise` draws the kernels; the modules only say their shapes
DRAWN_LATER = nn.initializers.zeros


def relu6(x: jax.Array) -> jax.Array:
    """Clip to 0..6, as int8 deployment folds it into the convolution."""
    return jnp.clip(x, 0.0, 6.0)


def max_pool(x: jax.Array, kernel: int, stride: int) -> jax.Array:
    """Largest value of each k x k window, "SAME" padding.  [N, H, W, C] to [N, ceil(H / s), ceil(W / s), C].

    As maxima of shifted views: the gradient of XLA's own window is a scatter, which is slow on CPU.
    """
    spatial = [same_padding(size, kernel, stride) for size in x.shape[1:3]]
    out = (-(-x.shape[1] // stride), -(-x.shape[2] // stride))
    padded = jnp.pad(x, [(0, 0), *spatial, (0, 0)], constant_values=-jnp.inf)
    return reduce(jnp.maximum, taps(padded, kernel, stride, out))


def upsample(x: jax.Array, factor: int) -> jax.Array:
    """Each pixel factor x factor times.  [N, H, W, C] to [N, H * factor, W * factor, C]."""
    n, h, w, c = x.shape
    repeated = jnp.broadcast_to(x[:, :, None, :, None, :], (n, h, factor, w, factor, c))
    return repeated.reshape(n, h * factor, w * factor, c)


class Conv(nn.Module):
    """k x k convolution without bias, "SAME" padding.  [N, H, W, C] to [N, ceil(H/s), ceil(W/s), channels]."""

    channels: int
    kernel: int = 1
    stride: int = 1

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Convolve."""
        shape = (self.kernel, self.kernel, x.shape[-1], self.channels)
        return conv(x, self.param("kernel", DRAWN_LATER, shape), self.stride)


class Depthwise(nn.Module):
    """k x k depthwise convolution without bias.  [N, H, W, C] to [N, ceil(H/s), ceil(W/s), C]."""

    kernel: int
    stride: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Convolve each channel with its own kernel."""
        weights = self.param("kernel", DRAWN_LATER, (self.kernel, self.kernel, x.shape[-1]))
        return depthwise_conv(x, weights, self.stride)


class BlockLayer(nn.Module):
    """One Block, trained: batch normalisation after each convolution, which deployment folds into its bias.

    A conv without activation is a predicting layer: it has a bias and no normalisation.
    """

    block: Block

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        """[N, height, width, in_channels] to [N, out_height, out_width, out_channels].

        Raises TaskInputError for an unknown kind.
        """
        b, y = self.block, x
        if b.kind not in KINDS or not is_chain([b]):
            allowed = kind_names(lambda kind: not kind.only_costed)
            raise TaskInputError(f"a block like this {b.kind!r} has no trained form; allowed: {', '.join(allowed)}")
        channels = {"in": b.in_channels, "hidden": b.hidden_channels, "out": b.out_channels}
        for part in KINDS[b.kind].standing(b.expands):
            kernel, stride = b.kernel if part.window else 1, b.stride if part.strided else 1
            if part.operator == "conv":
                y = Conv(channels[part.outputs], kernel, stride)(y)
            elif part.operator == "depthwise":
                y = Depthwise(kernel, stride)(y)
            elif part.operator == "max_pool":
                y = max_pool(y, kernel, stride)
            elif part.operator == "mean":
                y = y.mean((1, 2), keepdims=True)
            elif part.operator == "resize":
                y = upsample(y, stride)
            else:
                y = TWO_INPUTS[part.operator](x, y)
            if part.predicts and not b.activation:
                y = y + self.param("bias", nn.initializers.zeros, (b.out_channels,))
            elif part.operator in CONVOLUTIONS:
                y = BatchNorm()(y, train)
                y = relu6(y) if part.activates(b.activation) else y
        return x + y if b.residual else y


class ChainNetwork(nn.Module):
    """A chain of blocks as one static network."""

    blocks: tuple[Block, ...]

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        """Images float32 [N, H, W, C] to the last block's output [N, h, w, channels]."""
        x = images
        for index, block in enumerate(self.blocks):
            x = BlockLayer(block, name=layer_name(index, block))(x, train)
        return x


def layer_name(index: int, block: Block) -> str:
    """What the block in that place of a chain is called among its network's parameters."""
    return f"block_{index:02d}_{block.kind}"
