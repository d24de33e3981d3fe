"""Candidates trained at once by the supernet: each as it is trained alone."""

import numpy as np
import pytest

from benchmarks.candidates_at_once import static_seconds, supernet_seconds
from benchmarks.task_supernet import TaskSupernet
from tasks.classification.task import ClassificationTask
from tasks.data.labelled import LabelledImages
from tasks.fidelity import Fidelity
from tests.tasks_networks.supernet_spaces import CLASSIFICATION, random_genotypes

TASK = ClassificationTask(classes=3)
FIDELITY = Fidelity("smoke", 80, 80, "validation", 40)


@pytest.mark.slow
def test_a_candidate_learns_beside_others_as_it_does_alone():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (80, 15, 15, 1), dtype=np.uint8)
    some = LabelledImages(images, generator.integers(0, 3, 80).astype(np.int32), np.arange(80))
    supernet = TaskSupernet(TASK, CLASSIFICATION, lambda genotypes: {}, some, some, FIDELITY)
    first, second = random_genotypes(CLASSIFICATION, 2, 1).tolist()
    *_, both = supernet_seconds(supernet, [first, second])
    *_, alone = supernet_seconds(supernet, [first])
    np.testing.assert_allclose(both[:10, 0], alone[:10, 0], rtol=1e-3)
    assert np.isfinite(both).all()
    assert (both[:, 0] != both[:, 1]).any()
    # random labels of so few examples can be learned by heart
    assert both[-5:].mean() < both[:5].mean()
    compiling, later = static_seconds(TASK, CLASSIFICATION, first, TASK.arrays(some), FIDELITY)
    assert compiling > later > 0
