"""Searches by a zero-shot score as the store keeps them."""

import json

import numpy as np
import pytest

from benchmarks.evaluators import zero_shot_search
from benchmarks.evaluators.spec import SearchSpec
from benchmarks.evaluators.stored import read_found
from benchmarks.evaluators.zero_shot_search import search_zero_shot
from benchmarks.runtime.worker_data import WorkerData
from benchmarks.store.sqlite import ResultStore
from nas_algos.evaluator import Evaluation
from nas_algos.ledger import Spend
from nas_algos.trajectory import Candidate, Found
from tests.benchmarks.noise_pictures import FIDELITY, TASK, noise_pictures
from tests.tasks.networks.supernet_spaces import CLASSIFICATION

SPEC = SearchSpec(TASK, CLASSIFICATION, "npu-p16", {"latency_ms": 10.0}, FIDELITY, 20, evaluator="zero_shot:naswot")


def test_a_stored_search_is_read_as_it_was_also_one_that_does_not_say_why_it_ended():
    scored = (Evaluation(2.5, Spend(0, 8)),)
    candidate = Candidate(0, (1, 2), {"latency_ms": 0.5}, "evaluated", 2.5, (-1.25,), 1.0, scored)
    found = Found(candidate, (candidate,), Spend(0, 8), "all 12 genotypes were looked at")
    content = json.loads(json.dumps(found._asdict()))
    assert read_found(content) == found
    del content["ended"]
    assert read_found(content) == found._replace(ended="")


def test_scores_of_millions_that_differ_by_one_are_told_as_different(tmp_path, monkeypatch):
    def scorer(genotypes):
        return {"naswot": 5e6 + np.asarray(genotypes).sum(1)}

    monkeypatch.setattr(zero_shot_search, "make_scorer", lambda *_: scorer)
    data = WorkerData(TASK, {(FIDELITY.data, "train"): noise_pictures()})
    found = search_zero_shot(data, (tmp_path, SPEC)).found
    told = {each.quality: each.score for each in found.candidates}
    assert len(told) == len(set(told.values())) > 3
    assert found.best is not None
    assert found.best.quality == max(told)


@pytest.mark.parametrize("version", ["STRATEGIES_CODE_VERSION", "SEARCH_CODE_VERSION", "SCORES_CODE_VERSION"])
def test_a_search_by_a_score_is_kept_under_the_versions_of_what_it_depends_on(tmp_path, monkeypatch, version):
    asked = []
    monkeypatch.setattr(ResultStore, "cached", lambda store, kind, key, compute: asked.append(key))
    monkeypatch.setattr(zero_shot_search, "read_found", lambda content: content)
    for value in (getattr(zero_shot_search, version), "another"):
        monkeypatch.setattr(zero_shot_search, version, value)
        search_zero_shot(WorkerData(TASK, {}), (tmp_path, SPEC))
    assert asked[0] != asked[1]
    assert asked[0]["strategy"] is None
