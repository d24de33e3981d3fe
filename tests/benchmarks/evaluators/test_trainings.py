"""In which order a list of trainings is done."""

from benchmarks.evaluators.trainings import Training, in_order
from hw_model.blocks import Block
from tasks.fidelity import Fidelity

SHORT, LONG = (Fidelity("smoke", 64, passes, "validation", 16) for passes in (64, 256))


def chain(channels):
    return (Block("conv", 8, 8, 3, channels, 3, 1, 1, False),)


def test_longest_first_and_repeated_networks_last_when_their_compilation_is_known():
    small, large = chain(8), chain(64)
    wanted = [
        Training("small", small, SHORT, 0),
        Training("small", small, SHORT, 1),
        Training("large", large, SHORT, 0),
        Training("large", large, LONG, 0),
    ]
    assert in_order(wanted) == [wanted[3], wanted[0], wanted[2], wanted[1]]
    assert in_order([]) == []
