"""The scores once more, written from their papers on plain static networks: no supernet, no masks, no sharing.

Gradients are JAX's own through a textbook forward pass; the formulas over them are NumPy in double precision.

So this is an oracle for how scores are computed, not for where they differ from their papers on purpose, which it
repeats:
- ntk, zico, jacob_cov, linear_regions: the batch's statistics are held constant.  An example has no gradient of its own
  otherwise, that of a sum over the batch would vanish after a linear bottleneck (jacob_cov), and the network would be
  no single piecewise linear function (linear_regions).
- zico: mean and variance are over single examples, not over batches of them, so that the batch's order cannot matter.
- linear_regions: crossings on lines from the mean image, in STEPS steps, as in Hanin and Rolnick.  TE-NAS counts the
  patterns of its samples, but no two images share one here.
- zen: x + 0.01 e is normalised as x is, so that the features are one function of the image; activations are capped at
  six, as the networks' are.
- az_trainability: each block's Jacobian is in its own input, which zeros behind extend to whole strides.
- synflow, ntk: logarithms of the papers' numbers, ntk's with its sign changed, so that larger is better.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from hw_model.cost import count_macs, count_params
from hw_model.operators import chain_operators
from tests.benchmarks.evaluators.zero_shot_toys import QUICKLY

STEPS = 4  # along each line of linear_regions, our choice
LAYERS = {"conv": ["Conv_0"], "depthwise": ["Depthwise_0"], "fused_ibn": ["Conv_0", "Conv_1"]}


def layer_names(block):
    if block.kind == "ibn":
        return ["Conv_0", "Depthwise_0", "Conv_1"] if block.expansion > 1 else ["Depthwise_0", "Conv_0"]
    return LAYERS.get(block.kind, [])


def units_of(block):
    if block.kind == "ibn":
        return 1 + (block.expansion > 1)
    return int(block.kind in ("conv", "depthwise", "fused_ibn") and block.activation)


def kernels_of(blocks, variables):
    """Kernels [K, K, C, O] in order, depthwise ones [K, K, 1, C], from the static network's variables."""
    kernels = []
    for number, block in enumerate(blocks):
        for name in layer_names(block):
            kernel = variables["params"][f"block_{number:02d}_{block.kind}"][name]["kernel"]
            kernels.append(kernel[:, :, None] if kernel.ndim == 3 else kernel)
    return kernels


def he(kernels):
    return [kernel * np.sqrt(2 / np.prod(kernel.shape[:3])) for kernel in kernels]


def forward(blocks, kernels, x, stats=None, bumps=None, linear=False, residuals=True):
    """Output, features, what activations are given and give, and (mean, variance) of each normalisation."""
    kernels, given, bumps = iter(kernels), iter(stats or []), iter(bumps or [])
    befores, afters, found, features = [], [], [], x

    def convolve(x, stride, depthwise=False):
        groups = x.shape[-1] if depthwise else 1
        numbers = ("NHWC", "HWIO", "NHWC")
        return lax.conv_general_dilated(
            x, next(kernels), (stride, stride), "SAME", dimension_numbers=numbers, feature_group_count=groups
        )

    def normalise(x):
        if linear:
            return x
        mean, variance = next(given) if stats else (x.mean((0, 1, 2)), x.var((0, 1, 2)))
        found.append((mean, variance))
        return (x - mean) / jnp.sqrt(variance + 1e-3)

    def activate(x):
        if linear:
            return x
        befores.append(x)
        y = jnp.minimum(jnp.maximum(x, 0.0), 6.0)
        y = y + next(bumps, 0.0)
        afters.append(y)
        return y

    for b in blocks:
        if b.kind == "conv":
            y = convolve(x, b.stride)
            y = activate(normalise(y)) if b.activation else y
        elif b.kind == "depthwise":
            y = activate(normalise(convolve(x, b.stride, depthwise=True)))
        elif b.kind == "ibn":
            y = activate(normalise(convolve(x, 1))) if b.expansion > 1 else x
            y = activate(normalise(convolve(y, b.stride, depthwise=True)))
            y = normalise(convolve(y, 1))
        elif b.kind == "fused_ibn":
            y = normalise(convolve(activate(normalise(convolve(x, b.stride))), 1))
        elif b.kind == "upsample":
            y = jnp.repeat(jnp.repeat(x, b.stride, 1), b.stride, 2)
        else:
            y = x.mean((1, 2), keepdims=True)
        x = x + y if b.residual and residuals else y
        features = x if b.activation and b.kind != "global_pool" else features
    return {"output": x, "features": features, "befores": befores, "afters": afters, "stats": found}


@partial(jax.jit, static_argnums=0, compiler_options=QUICKLY)
def block_alone(block, kernels, x, v):
    """A block's output, and v times its Jacobian in x."""
    y, pull = jax.vjp(lambda x: forward([block], kernels, x)["output"], x)
    return y, pull(v)[0]


def az_scores(blocks, kernels, draws, signs):
    """AZ-NAS's three measured parts: blocks' entropies by numpy.cov, Jacobians a stride's pixel at a time."""
    entropies, kept, x = [], [], draws
    for number, block in enumerate(blocks):
        own = kernels[sum(len(layer_names(b)) for b in blocks[:number]) :][: len(layer_names(block))]
        if not block.activation or block.kind == "global_pool":
            break
        y, back = block_alone(block, own, x, signs[number])
        if own:
            covariance = np.cov(np.asarray(y, np.float64).reshape(-1, y.shape[-1]).T, bias=True)
            shares = np.linalg.eigvalsh(covariance).clip(0)
            shares = shares / shares.sum()
            entropies.append(-(shares * np.log(shares + 1e-8)).sum())
            v = np.asarray(signs[number], np.float64)
            back, s = np.asarray(back, np.float64), block.stride
            missing = [(0, s * v.shape[axis] - back.shape[axis]) for axis in (1, 2)]
            back = np.pad(back, [(0, 0), *missing, (0, 0)])
            parts = [back[:, i::s, j::s] for i in range(s) for j in range(s)]
            jacobian = [np.einsum("nhwi,nhwo->io", part, v) / (v.size / v.shape[-1]) for part in parts]
            largest = np.linalg.svd(np.concatenate(jacobian), compute_uv=False)[0]
            kept.append(2 - largest - 1 / (largest + 1e-6))
        x = y
    return {
        "az_expressivity": sum(entropies),
        "az_progressivity": np.diff(entropies).min() if entropies[1:] else np.nan,
        "az_trainability": np.mean(kept[1:]) if kept[1:] else np.nan,
    }


def reference_scores(task, blocks, unit, images, batch, draws, changes, az_draws, signs):
    """Every measured score of one static network.  unit: its kernels, normal with variance one.

    draws, changes: Gaussian images of zen; az_draws: of AZ-NAS; signs: its Rademacher vectors, one array a block.
    """
    count = len(images)

    def quantities(unit, images, batch, draws, changes):
        kernels = he(unit)
        first = forward(blocks, kernels, images)
        stats = first["stats"]

        def loss(kernels, bumps):
            return task.loss(forward(blocks, kernels, images, bumps=bumps)["output"], batch)

        def example_loss(kernels, image, one):
            output = forward(blocks, kernels, image[None], stats)["output"]
            return task.loss(output, jax.tree.map(lambda leaf: leaf[None], one))

        def total(kernels, image):
            return forward(blocks, kernels, image[None], stats)["output"].sum()

        here = forward(blocks, unit, draws, residuals=False)
        there = forward(blocks, unit, draws + 0.01 * changes, here["stats"], residuals=False)
        middle = images.mean(0, keepdims=True)
        shares = np.linspace(0, 1, STEPS + 1).astype(np.float32)[:, None, None, None, None]
        line = (middle + shares * (images - middle)).reshape(-1, *images.shape[1:])
        positive = [jnp.abs(kernel) for kernel in kernels]
        ones = jnp.ones_like(images[:1])
        return {
            "kernels": kernels,
            "loss": jax.grad(loss, argnums=(0, 1))(kernels, [jnp.zeros_like(after) for after in first["afters"]]),
            "first": first,
            "example_loss": jax.vmap(jax.grad(example_loss), in_axes=(None, 0, 0))(kernels, images, batch),
            "example_total": jax.vmap(jax.grad(total), in_axes=(None, 0))(kernels, images),
            "jacobian": jax.vmap(jax.grad(total, argnums=1), in_axes=(None, 0))(kernels, images),
            "flow": (
                positive,
                jax.grad(lambda k: forward(blocks, k, ones, linear=True)["output"].sum())(positive),
            ),
            "zen": (here["features"], there["features"], here["stats"]),
            "line": forward(blocks, kernels, line, stats)["befores"],
        }

    q = jax.jit(quantities, compiler_options=QUICKLY)(unit, images, batch, draws, changes)
    q = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), q)
    kernel_gradients, activation_gradients = q["loss"]

    code = np.concatenate([before.reshape(count, -1) > 0 for before in q["first"]["befores"]], axis=1)
    hamming = np.array([[(a != b).sum() for b in code] for a in code])

    fisher = 0.0
    for after, gradient in zip(q["first"]["afters"], activation_gradients, strict=True):
        products = (after * count * gradient).sum((1, 2))
        fisher += (products**2).sum() / (2 * count)

    responses, place = np.zeros((count, count)), 0
    having = [block for block in blocks if units_of(block)]
    for number, block in enumerate(having):
        for _ in range(units_of(block)):
            given, gradient = q["first"]["befores"][place], activation_gradients[place]
            for values in (given, gradient * ((given > 0) & (given < 6))):
                responses += 2**number * np.abs(np.corrcoef(values.reshape(count, -1)))
            place += 1
    assert place == len(activation_gradients)

    tangent = np.concatenate([gradient.reshape(count, -1) for gradient in q["example_total"]], axis=1)
    eigenvalues = np.linalg.eigvalsh(tangent @ tangent.T)

    zico = 0.0
    for gradients in q["example_loss"]:
        size = np.abs(gradients).reshape(count, -1)
        mean, spread = size.mean(0), size.std(0)
        zico += np.log((mean[spread > 0] / spread[spread > 0]).sum())

    here, there, stats = q["zen"]
    zen = np.log(np.mean([np.linalg.norm(a - b) for a, b in zip(here, there, strict=True)]))
    zen += sum(np.log(np.sqrt(variance.mean())) for _, variance in stats)

    correlation = np.linalg.eigvalsh(np.corrcoef(q["jacobian"].reshape(count, -1)))
    line = np.concatenate([(b > 0).reshape(STEPS + 1, count, -1) for b in q["line"]], axis=2)
    return az_scores(blocks, he(unit), az_draws, signs) | {
        "synflow": np.log(sum((w * g).sum() for w, g in zip(*q["flow"], strict=True))),
        "naswot": np.linalg.slogdet(code.shape[1] - hamming)[1],
        "zen": zen,
        "grad_norm": sum(np.linalg.norm(gradient) for gradient in kernel_gradients),
        "snip": sum(np.abs(w * g).sum() for w, g in zip(q["kernels"], kernel_gradients, strict=True)),
        "fisher": fisher,
        "ntk": -np.log(eigenvalues[-1] / eigenvalues[0]),
        "linear_regions": 1 + (line[1:] != line[:-1]).sum() / count,
        "zico": zico,
        "jacob_cov": -sum(np.log(v + 1e-5) + 1 / (v + 1e-5) for v in correlation),
        "wrcor": np.linalg.slogdet(responses)[1],
        "params": count_params(blocks),
        "macs": count_macs(blocks),
        "depth": sum(operator.weights > 0 for operator in chain_operators(blocks)),
    }
