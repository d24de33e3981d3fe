"""What a search came to, as the store keeps it: `Found._asdict()` through JSON, read back."""

from __future__ import annotations

from typing import Any

from nas_algos.evaluator import Evaluation
from nas_algos.ledger import Spend
from nas_algos.trajectory import Candidate, Found


def read_found(content: dict[str, Any]) -> Found:
    """What was stored, as it was."""
    best = content["best"]
    candidates = tuple(map(_candidate, content["candidates"]))
    ended = content.get("ended", "")  # of one that was stored before this was told
    return Found(None if best is None else _candidate(best), candidates, Spend(*content["spend"]), ended)


def _candidate(row: list[Any]) -> Candidate:
    plain = Candidate(*row)
    evaluations = tuple(Evaluation(quality, Spend(*spend), error) for quality, spend, error in plain.evaluations)
    return plain._replace(genotype=tuple(plain.genotype), score=tuple(plain.score), evaluations=evaluations)
