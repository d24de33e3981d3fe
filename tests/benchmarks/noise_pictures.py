"""A classification task small enough to train supernets on in tests: images of noise with drawn labels."""

import numpy as np

from tasks.classification.task import ClassificationTask
from tasks.data.labelled import LabelledImages
from tasks.fidelity import Fidelity

TASK = ClassificationTask(classes=3)
FIDELITY = Fidelity("smoke", 80, 80, "validation", 40)


def noise_pictures() -> LabelledImages:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (80, 15, 15, 1), dtype=np.uint8)
    return LabelledImages(images, generator.integers(0, 3, 80).astype(np.int32), np.arange(80))
