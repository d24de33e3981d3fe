"""How close a supernet's values and gradients must come to a static network's."""

import jax
import numpy as np

# In units of the precision.  Both networks add the same numbers, in another order: over forty drawn
# architectures no parameter's gradient differed by more than 130 of its largest entry, in scales whose summands nearly
# cancel; and where a parameter's true gradient is zero, rounding left 1 of the largest entry of the whole gradient.
OF_ITS_OWN, OF_ALL = 400, 10


def largest(tree):
    return max(np.abs(leaf).max() for leaf in jax.tree.leaves(tree))


def assert_close(ours, theirs, scale):
    """To 1e-5 of the scale."""
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * scale), ours, theirs)


def assert_gradients_close(ours, theirs, blocks, number=np.float32):
    """Gradients of `ChainNetwork(blocks)`, each parameter's on its own scale, to the precision of this type."""
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    cancelled, scale = cancelled_biases(blocks), largest(theirs)

    def compare(path, a, b):
        names = tuple(part.key for part in path)
        units = OF_ALL * scale if names in cancelled else OF_ITS_OWN * np.abs(b).max()
        np.testing.assert_allclose(a, b, rtol=0, atol=units * np.finfo(number).eps, err_msg="/".join(names))

    jax.tree_util.tree_map_with_path(compare, ours, theirs)


def cancelled_biases(blocks):
    """Biases that batch statistics take out again, so that their gradient is zero in exact arithmetic.

    A bottleneck's last normalisation adds one number to each channel.  An expanding 1 x 1 convolution right behind it
    makes one number a channel of that too, and its own normalisation subtracts it.  Upsampling and residuals pass the
    number on; a larger kernel, whose edges see zeros instead, and the predicting layer do not cancel it.
    """
    found = set()
    for index, block in enumerate(blocks):
        if block.kind not in ("ibn", "fused_ibn"):
            continue
        for after in blocks[index + 1 :]:
            expands = after.kind == "ibn" and after.expansion > 1
            if expands and not after.residual:
                last = "BatchNorm_2" if block.kind == "ibn" and block.expansion > 1 else "BatchNorm_1"
                found.add((f"block_{index:02d}_{block.kind}", last, "bias"))
            if not (after.kind == "upsample" or (expands and after.residual)):
                break
    return found
