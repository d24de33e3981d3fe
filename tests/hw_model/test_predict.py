"""What `predict` is asked for by name."""

import pytest

from hw_model.errors import HardwareInputError
from hw_model.predict import predict
from tests.hw_model.networks import SMALL


@pytest.mark.parametrize("method", ["nonsense", "compiler", "", None])
def test_a_method_that_there_is_not_is_refused_and_not_taken_for_the_estimate(method):
    with pytest.raises(HardwareInputError, match=f"unknown method {method!r}; allowed: estimate, compile"):
        predict(SMALL, "ethos-u55-64", method)
