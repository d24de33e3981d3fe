"""What every trained network must beat: predictions that take no network.

Classification: the nearest neighbour among training images (Cover and Hart, 1967) and softmax regression on pixels.
Detection and segmentation: the same answer for every image, made from the training boxes or masks.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax

from tasks.detection.head import Detections

CONSTANT_BOXES = 100  # that a constant detector answers with: as many as COCO's mAP looks at
_AT_ONCE = 500  # images whose distances to all training images are held in memory


def nearest_neighbour(train_images: np.ndarray, train_labels: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Label images as the training image at the smallest Euclidean distance of pixels.

    Args:
        train_images: uint8 [M, H, W, C].
        train_labels: int [M].
        images: uint8 [N, H, W, C].

    Returns:
        int [N]
    """
    train = _pixels(train_images)
    squares = jnp.square(train).sum(-1)

    # arguments, not constants of the compiled function: they would be held twice
    @jax.jit
    def nearest(some: jax.Array, train: jax.Array, squares: jax.Array) -> jax.Array:
        # |a - b|^2 without |a|^2, which is the same for all b
        return (squares - 2 * jnp.einsum("ad,bd->ab", some, train, precision="highest")).argmin(-1)

    chunks = [_pixels(images[start : start + _AT_ONCE]) for start in range(0, len(images), _AT_ONCE)]
    found = [np.asarray(nearest(some, train, squares)) for some in chunks]
    return train_labels[np.concatenate(found)]


def softmax_regression(
    train_images: np.ndarray,
    train_labels: np.ndarray,
    images: np.ndarray,
    classes: int,
    passes: int = 20,
    batch: int = 200,
    learning_rate: float = 3e-4,
    seed: int = 0,
) -> jax.Array:
    """Multinomial logistic regression on pixels, fitted by Adam with a cosine schedule.

    Args:
        train_images: uint8 [M, H, W, C], M at least ``batch``.
        train_labels: int [M].
        images: uint8 [N, H, W, C].
        classes: how many.
        passes: over the training images.
        batch: images of a step.
        learning_rate: at the start.
        seed: of the order of training images.

    Returns:
        float32 [N, classes]: log-probabilities.
    """
    train, labels = _pixels(train_images), jnp.asarray(train_labels)
    mean = train.mean(0)
    train = train - mean
    steps = passes * (len(train) // batch)
    optimiser = optax.adam(optax.cosine_decay_schedule(learning_rate, steps))
    start = (jnp.zeros((train.shape[1], classes)), jnp.zeros(classes))

    def loss(weights: tuple[jax.Array, jax.Array], images: jax.Array, labels: jax.Array) -> jax.Array:
        logits = images @ weights[0] + weights[1]
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    @jax.jit
    def one_pass(state: tuple, key: jax.Array, train: jax.Array, labels: jax.Array) -> tuple:
        def step(state: tuple, rows: jax.Array) -> tuple[tuple, None]:
            weights, moments = state
            updates, moments = optimiser.update(jax.grad(loss)(weights, train[rows], labels[rows]), moments)
            return (optax.apply_updates(weights, updates), moments), None

        order = jax.random.permutation(key, len(train))[: len(train) // batch * batch]
        return jax.lax.scan(step, state, order.reshape(-1, batch))[0]

    state = (start, optimiser.init(start))
    for key in jax.random.split(jax.random.key(seed), passes):
        state = one_pass(state, key, train, labels)
    weights, bias = state[0]
    return jax.nn.log_softmax((_pixels(images) - mean) @ weights + bias)


def constant_detections(boxes: np.ndarray, n: int, count: int = CONSTANT_BOXES, seed: int = 0) -> Detections:
    """The same boxes for each of n images: centres of clusters of training boxes, those of large clusters first.

    Args:
        boxes: float [K, 4] as ymin, xmin, ymax, xmax, K at least 1.
        n: images.
        count: boxes for each, or K if that is less.
        seed: of where the clusters start.
    """
    from scipy.cluster.vq import kmeans2

    count = min(count, len(boxes))
    centres, nearest = kmeans2(boxes.astype(np.float64), count, minit="++", rng=seed)
    sizes = np.bincount(nearest, minlength=count)
    order = np.argsort(-sizes, kind="stable")
    return Detections(
        boxes=jnp.tile(jnp.asarray(centres[order], jnp.float32), (n, 1, 1)),
        scores=jnp.tile(jnp.asarray(sizes[order] / len(boxes), jnp.float32), (n, 1)),
        classes=jnp.zeros((n, count), jnp.int32),
    )


def constant_mask(masks: np.ndarray, n: int) -> np.ndarray:
    """The most frequent class of each pixel of training masks uint8 [M, S, S], ignored ones left out, n times."""
    known = [value for value in np.unique(masks) if value != 255]
    counts = np.stack([(masks == value).sum(0) for value in known])
    return np.tile(np.array(known, np.uint8)[counts.argmax(0)], (n, 1, 1))


def _pixels(images: np.ndarray) -> jax.Array:
    return jnp.asarray(images.reshape(len(images), -1), jnp.float32) / 255
