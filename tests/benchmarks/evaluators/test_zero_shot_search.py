"""Searches by a zero-shot score as the store keeps them."""

import json

from benchmarks.evaluators.stored import read_found
from nas_algos.evaluator import Evaluation
from nas_algos.ledger import Spend
from nas_algos.trajectory import Candidate, Found


def test_a_stored_search_is_read_as_it_was_also_one_that_does_not_say_why_it_ended():
    scored = (Evaluation(2.5, Spend(0, 8)),)
    candidate = Candidate(0, (1, 2), {"latency_ms": 0.5}, "evaluated", 2.5, (-1.25,), 1.0, scored)
    found = Found(candidate, (candidate,), Spend(0, 8), "all 12 genotypes were looked at")
    content = json.loads(json.dumps(found._asdict()))
    assert read_found(content) == found
    del content["ended"]
    assert read_found(content) == found._replace(ended="")
