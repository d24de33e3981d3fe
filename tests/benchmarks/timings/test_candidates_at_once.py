"""Candidates trained at once by the supernet: each as it is trained alone."""

import numpy as np
import pytest

from benchmarks.evaluators.task_supernet import TaskSupernet
from benchmarks.timings.candidates_at_once import static_seconds, supernet_seconds
from tests.benchmarks.evaluators.zero_shot_toys import CLASSIFICATION
from tests.benchmarks.noise_pictures import FIDELITY, TASK, noise_pictures
from tests.tasks.networks.supernet_spaces import random_genotypes


@pytest.mark.slow
def test_a_candidate_learns_beside_others_as_it_does_alone():
    some = noise_pictures()
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
