"""What a zero-shot score needs of a network, and what several scores need alike.

A network's architecture may be traced, so that one compilation scores all: then arrays have the sizes of the largest
architecture, and what is not in use is zero, or told from the rest by a mask.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import jax
import jax.numpy as jnp
from jax import lax

Kernels = Mapping[str, jax.Array]


class Layer(Protocol):
    """One convolution, or fully connected layer; all scalars, float32.

    used: 1 where the architecture has it, else 0.  fan_in: weights to one output value.  outputs: output channels.
    pixels: output pixels.
    """

    @property
    def used(self) -> Any: ...  # noqa: D102
    @property
    def fan_in(self) -> Any: ...  # noqa: D102
    @property
    def outputs(self) -> Any: ...  # noqa: D102
    @property
    def pixels(self) -> Any: ...  # noqa: D102


class Units(Protocol):
    """One layer of activations: what it is given and gives, before and after [N, h, w, C].

    used: ones for what is in use, [h, w, C].  A unit that passes its gradient on gives what it is given.
    """

    @property
    def before(self) -> jax.Array: ...  # noqa: D102
    @property
    def after(self) -> jax.Array: ...  # noqa: D102
    @property
    def used(self) -> jax.Array: ...  # noqa: D102


class Normalisation(Protocol):
    """One batch normalisation's mean [C] and variance [C] over a batch; used [C], ones for channels in use."""

    @property
    def mean(self) -> jax.Array: ...  # noqa: D102
    @property
    def variance(self) -> jax.Array: ...  # noqa: D102
    @property
    def used(self) -> jax.Array: ...  # noqa: D102


class Pass(Protocol):
    """A forward pass.

    output: [N, h, w, outputs], features: what the head (mean over space, predicting layer) is given, [N, h, w, C]; both
    zero where not in use.  units: by BLOCK/UNIT, in order when sorted.  normalisations: those that were applied, by
    name.
    """

    @property
    def output(self) -> jax.Array: ...  # noqa: D102
    @property
    def features(self) -> jax.Array: ...  # noqa: D102
    @property
    def units(self) -> Mapping[str, Units]: ...  # noqa: D102
    @property
    def normalisations(self) -> Mapping[str, Normalisation]: ...  # noqa: D102


class BlockPass(Protocol):
    """One block with weights in a forward pass.

    output: what it gives, [N, h, w, C], zero where not in use.  pixels: ones for those in use, [h, w].  channels: ones
    for those in use, [C].  used: scalar, 1 where the architecture has the block.  stride: output pixel (i, j) belongs
    to the input pixels from (stride * i, stride * j) on.
    """

    @property
    def output(self) -> jax.Array: ...  # noqa: D102
    @property
    def pixels(self) -> jax.Array: ...  # noqa: D102
    @property
    def channels(self) -> Any: ...  # noqa: D102
    @property
    def used(self) -> Any: ...  # noqa: D102
    @property
    def stride(self) -> int: ...  # noqa: D102

    @property
    def input_gradient(self) -> Callable[[jax.Array], jax.Array]:
        """The gradient in the output, [N, h, w, C], to that in the block's input, [N, H, W, channels]."""
        ...


class Network(Protocol):
    """A network at initialisation, and a batch of training examples.

    Everything must be traceable; nothing may depend on the order of the examples, on the values of weights that are not
    in use, or on pixels outside the image.
    """

    @property
    def images(self) -> jax.Array:
        """The batch, float32 [N, H, W, C], zero outside the image."""
        ...

    @property
    def pixels(self) -> jax.Array:
        """Ones where the image is, float32 [H, W]."""
        ...

    @property
    def layers(self) -> Mapping[str, Layer]:
        """All convolutions by name, those included that this architecture does not use."""
        ...

    @property
    def kernels(self) -> Kernels:
        """Initial weights, one array for each of `layers`; normal with variance 2 / fan-in of this architecture."""
        ...

    @property
    def unit_kernels(self) -> Kernels:
        """The same draws with variance 1.  Biases are zero and scales of normalisations one in either case."""
        ...

    def run(
        self,
        kernels: Kernels,
        images: jax.Array,
        normalisations: Mapping[str, Any] | None = None,
        unit_scales: Mapping[str, jax.Array] | None = None,
        residuals: bool = True,
    ) -> Pass:
        """Forward pass of images [M, H, W, C].

        normalisations: statistics to normalise by, of another pass, constants then; the batch's own when None.
        unit_scales: for each of the units, what its activations are multiplied by, broadcast.  residuals: add inputs to
        outputs where the architecture does.
        """
        ...

    def run_blocks(self, kernels: Kernels, images: jax.Array) -> Sequence[Any]:
        """A `BlockPass` of each of the blocks with weights up to `Pass.features` in order, those not in use included.

        Images [M, H, W, C], zero outside `pixels`; normalised by their own statistics, through which gradients pass.
        """
        ...

    def run_linear(self, kernels: Kernels, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """(output, logarithm) of the network without normalisations and activations.

        The true output is output * exp(logarithm), which would often overflow.  The logarithm is a constant for
        differentiation.
        """
        ...

    def loss(self, output: jax.Array, example: Any = None) -> jax.Array:
        """Scalar loss of the batch from its output; of one example alone from its place and its output [1, ...]."""
        ...


@dataclass(frozen=True)
class Probe:
    """A network, and what several scores read of it, computed once; `make_probe` makes it.

    Values, not properties that remember what they were first asked for: that may be inside a function that JAX
    transforms, whose tracers must not be kept.
    """

    network: Network
    """At initialisation, with its batch."""
    first: Pass
    """The pass of the batch through the initial network."""
    loss_gradients: tuple[Mapping[str, jax.Array], Mapping[str, jax.Array]]
    """Gradients of the batch's loss, in the weights and in unit_scales of one: {name: [N, 1, 1, C]}.

    The latter are, for each example and channel, the sum over pixels of activation times gradient in it."""
    blocks: Sequence[BlockPass]
    """The blocks of a pass of Gaussian images, as many as the batch has examples."""

    def example_gradients(self, of: Callable[[jax.Array, jax.Array], jax.Array]) -> dict[str, jax.Array]:
        """Gradients in the weights of a scalar function (output [1, ...], example) for each example: {name: [N, ...]}.

        Normalised by the batch's statistics, held constant.  Were they not, each example's output would depend on all
        others; and what is summed after a normalisation without an activation behind it, as in a network that ends in
        a linear bottleneck, would have a gradient of zero and rounding.
        """
        network, held = self.network, self.first.normalisations

        def one(example: tuple[jax.Array, jax.Array]) -> dict[str, jax.Array]:
            number, image = example

            def value(kernels: Any) -> jax.Array:
                return of(network.run(kernels, image[None], held).output, number)

            return jax.grad(value)(dict(network.kernels))

        return lax.map(one, (jnp.arange(len(network.images)), network.images))


def make_probe(network: Network, reads: Collection[str], key: jax.Array) -> Probe:
    """A network with what is read of it, names of `Probe`'s fields; what is not read is None.

    key: of the Gaussian images.
    """
    first: Any = network.run(network.kernels, network.images) if {"first", "loss_gradients"} & set(reads) else None
    gradients: Any = _loss_gradients(network, first) if "loss_gradients" in reads else None
    blocks: Any = None
    if "blocks" in reads:
        images = jax.random.normal(key, network.images.shape) * network.pixels[None, :, :, None]
        blocks = network.run_blocks(network.kernels, images)
    return Probe(network, first, gradients, blocks)


def _loss_gradients(network: Network, first: Pass) -> tuple[dict[str, jax.Array], dict[str, jax.Array]]:
    count = len(network.images)
    unit_scales = {name: jnp.ones((count, 1, 1, units.before.shape[-1])) for name, units in sorted(first.units.items())}

    def loss(kernels: Any, unit_scales: Any) -> jax.Array:
        return network.loss(network.run(kernels, network.images, unit_scales=unit_scales).output)

    return jax.grad(loss, argnums=(0, 1))(dict(network.kernels), unit_scales)
