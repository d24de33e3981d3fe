"""Run a single-shot algorithm: its training in compiled pieces with checkpoints, its choice, and its ledger."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.errors import AlgorithmInputError, NothingFoundError
from nas_algos.evaluator import Genotype
from nas_algos.ledger import Spend
from nas_algos.single_shot.algorithm import (
    Inputs,
    Look,
    Outcome,
    SingleShot,
    as_genotype,
    variables_of,
)
from nas_algos.single_shot.charges import Budget, Charge, Ledger, Plan
from nas_algos.single_shot.checkpoints import Checkpoints
from nas_algos.single_shot.relaxed import certainty, most_probable
from nas_algos.single_shot.supernet import Supernet, Variables

# One call of the compiled loop runs this many steps; checkpoints are taken between calls.
STEPS_PER_CALL = 25
CHECKPOINT_STEPS = 200


class Moment(NamedTuple):
    """How far a run was after so many steps.

    spend: so far.  loss: mean of the last steps.  skipped: networks so far whose loss was not finite.  genotype: what
    the algorithm would have chosen then, None where it chooses after the training only; cost: of that.
    """

    step: int
    spend: Spend
    loss: float
    skipped: int
    genotype: Genotype | None
    cost: dict[str, float]


class SingleShotRun(NamedTuple):
    """What a run came to.

    genotype: what was found, within the bounds; cost: of that; quality: with inherited weights.  preferred: what it
    would have been without the bounds, None if the same.  certainty: `relaxed.certainty` of the distribution learned,
    None where none is.  spend: of all, training and evaluations.  computed_flops: spend.training_flops with the unused
    channels that were computed and emptied.  looks: networks evaluated with inherited weights, in order, with their
    costs and what had been spent by then.  ended: as `nas_algos.trajectory.Found`, of the search among them.
    """

    algorithm: str
    genotype: Genotype
    cost: dict[str, float]
    quality: float
    preferred: Genotype | None
    certainty: float | None
    spend: Spend
    computed_flops: float
    steps: int
    skipped: int
    history: tuple[Moment, ...]
    looks: tuple[Look, ...]
    looks_cost: tuple[dict[str, float], ...]
    looks_spend: tuple[Spend, ...]
    variables: Variables
    ended: str = ""


def run_single_shot(
    algorithm: SingleShot,
    supernet: Supernet,
    budget: Budget,
    key: jax.Array,
    folder: Path | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
    checkpoint_steps: int = CHECKPOINT_STEPS,
) -> SingleShotRun:
    """Train the supernet, choose a network, and say what was spent.

    folder: of checkpoints, one about each `checkpoint_steps` steps and one after the last; a run that finds some goes
    on from there, and comes to the same result bit for bit (seconds apart).  progress is called with the fraction done.
    The training is whole calls of STEPS_PER_CALL steps, so that up to one call's steps of the budget are not spent.
    Raises AlgorithmInputError when the budget is too small, the strategy that searches afterwards is none for so many
    evaluations or the folder holds another run, and NothingFoundError, with what was spent, when the trained supernet
    has no network to give out.
    """
    if checkpoint_steps < 1:
        raise AlgorithmInputError(f"checkpoint_steps is {checkpoint_steps}; allowed: 1 and more")
    keys = jax.random.split(key, 4)
    ledger, plan = _planned(algorithm, supernet, budget, keys)
    with Checkpoints(folder) if folder else contextlib.nullcontext() as checkpoints:
        state, record = _train(algorithm, supernet, ledger, plan, keys, checkpoints, progress, checkpoint_steps)
    started = time.perf_counter()
    trained = 1 - algorithm.search_share
    try:
        found = algorithm.finish(
            state, plan.evaluations, keys[3], lambda share: progress(trained + share * algorithm.search_share)
        )
    except NothingFoundError as error:
        evaluated = [each.genotype for each in error.found.candidates if each.state == "evaluated"]
        spends, _ = _spends(ledger, record, evaluated, time.perf_counter() - started)
        raise NothingFoundError(error.found._replace(spend=spends[-1])) from None
    variables = variables_of(state)
    looks = found.looks
    if not looks:
        own = algorithm.inherited(variables, found.genotype)
        looks = (Look(found.genotype, supernet.quality(own, found.genotype)),)
    spends, charge = _spends(ledger, record, [look.genotype for look in looks], time.perf_counter() - started)
    progress(1.0)
    return SingleShotRun(
        algorithm=algorithm.name,
        genotype=found.genotype,
        cost=_costs(supernet, [found.genotype])[0],
        quality=next(look.quality for look in looks if look.genotype == found.genotype),
        preferred=found.preferred,
        certainty=certainty(algorithm.logits(state)) if algorithm.logits else None,
        spend=spends[-1],
        computed_flops=charge.computed_flops,
        steps=plan.steps,
        skipped=record["skipped"],
        history=_history(supernet, record["history"]),
        looks=looks,
        looks_cost=tuple(_costs(supernet, [look.genotype for look in looks])),
        looks_spend=tuple(spends[1:]),
        variables=variables,
        ended=found.ended,
    )


def trained_variables(
    algorithm: SingleShot, supernet: Supernet, budget: Budget, key: jax.Array, folder: Path
) -> Variables:
    """The weights that `run_single_shot` comes to with the same arguments, without its choice; raises what it does.

    Where the folder holds its last checkpoint nothing is trained.
    """
    keys = jax.random.split(key, 4)
    ledger, plan = _planned(algorithm, supernet, budget, keys)
    with Checkpoints(folder) as checkpoints:
        return variables_of(_train(algorithm, supernet, ledger, plan, keys, checkpoints)[0])


def _planned(algorithm: SingleShot, supernet: Supernet, budget: Budget, keys: jax.Array) -> tuple[Ledger, Plan]:
    batch_size = np.shape(supernet.batch_order(keys[1], 1)[0])[1]
    ledger = Ledger(supernet, batch_size)
    plan = ledger.plan(algorithm, budget)
    algorithm.check(plan.evaluations)
    if plan.steps > STEPS_PER_CALL:  # a last piece of another length would compile the training a second time
        plan = plan._replace(steps=plan.steps // STEPS_PER_CALL * STEPS_PER_CALL)
    return ledger, plan


def _train(
    algorithm: SingleShot,
    supernet: Supernet,
    ledger: Ledger,
    plan: Plan,
    keys: jax.Array,
    checkpoints: Checkpoints | None,
    progress: Callable[[float], None] = lambda fraction: None,
    checkpoint_steps: int = CHECKPOINT_STEPS,
) -> tuple[Any, dict[str, Any]]:
    """The state after all steps, and the record of them as a checkpoint has it."""
    state = algorithm.init(keys[0])
    made_with = dict(algorithm.bounds), algorithm.settings, plan, jax.random.key_data(keys).tolist()
    identity = hashlib.sha256(f"{supernet.name} {algorithm.name} {made_with}".encode()).hexdigest()
    charge, done, record = Charge(), 0, {"identity": identity, "seconds": 0.0, "skipped": 0, "history": []}
    saved = checkpoints.latest(state, identity) if checkpoints else None
    if saved is not None:
        done, state, record = saved
        charge = Charge(*record["charge"])
    train_rows, held_rows = supernet.batch_order(keys[1], plan.steps)
    numbers = np.arange(plan.steps)
    shares = (numbers / plan.steps).astype(np.float32)
    columns = numbers, shares, np.asarray(supernet.learning_rates(plan.steps)), train_rows, held_rows

    @jax.jit
    def run_steps(state: Any, data: Any, key: jax.Array, chosen: Any) -> tuple[Any, Outcome]:
        def step(state: Any, chosen: Any) -> tuple[Any, Outcome]:
            number, share, rate, rows, held = chosen
            batch, held_out = (jax.tree.map(lambda array, i=i: array[i], data) for i in (rows, held))
            return algorithm.step(state, Inputs(share, rate, batch, held_out, jax.random.fold_in(key, number)))

        return jax.lax.scan(step, state, chosen)

    started, before = time.perf_counter(), record["seconds"]
    while done < plan.steps:
        until = min(done + STEPS_PER_CALL, plan.steps)
        state, outcome = run_steps(state, supernet.data, keys[2], tuple(column[done:until] for column in columns))
        due, done = until // checkpoint_steps > done // checkpoint_steps, until
        charge = charge.plus(ledger.steps(algorithm, outcome))
        losses = np.asarray(outcome.loss, np.float64)
        losses = losses[np.isfinite(losses)]
        now = as_genotype(most_probable(algorithm.logits(state))) if algorithm.logits else None
        record["skipped"] += int(np.sum(outcome.skipped))
        record["seconds"] = before + time.perf_counter() - started
        record["charge"] = list(charge)
        loss = float(losses.mean()) if len(losses) else None
        record["history"].append([done, list(charge), record["seconds"], loss, record["skipped"], now and list(now)])
        if checkpoints and (due or done == plan.steps):
            checkpoints.save(done, state, record)
        progress(done / plan.steps * (1 - algorithm.search_share))
    return state, record


def _spends(
    ledger: Ledger, record: dict[str, Any], looked_at: Sequence[Genotype], seconds: float
) -> tuple[list[Spend], Charge]:
    """What was spent after the training, and after each look at a network; and the charge of all.

    seconds: that all looks took.
    """
    charge = Charge(*record["charge"])
    spends = [_spend(charge, record["seconds"])]
    for number, genotype in enumerate(looked_at, start=1):
        charge = charge.plus(ledger.evaluation([genotype]))
        spends.append(_spend(charge, record["seconds"] + seconds * number / len(looked_at)))
    return spends, charge


def _spend(charge: Charge, seconds: float) -> Spend:
    return Spend(1, round(charge.example_passes), charge.training_flops, seconds, float("nan"))


def _costs(supernet: Supernet, genotypes: Sequence[Genotype]) -> list[dict[str, float]]:
    if not genotypes:
        return []
    costs = jax.jit(supernet.cost)(jnp.array(genotypes, jnp.int32))
    columns = {name: np.asarray(values, np.float64).tolist() for name, values in costs.items()}
    return [{name: column[place] for name, column in columns.items()} for place in range(len(genotypes))]


def _history(supernet: Supernet, rows: list[Any]) -> tuple[Moment, ...]:
    chosen = [None if row[-1] is None else tuple(row[-1]) for row in rows]
    costs = iter(_costs(supernet, [genotype for genotype in chosen if genotype is not None]))
    return tuple(
        Moment(
            step,
            _spend(Charge(*charge), seconds),
            float("nan") if loss is None else loss,
            skipped,
            genotype,
            {} if genotype is None else next(costs),
        )
        for (step, charge, seconds, loss, skipped, _), genotype in zip(rows, chosen, strict=True)
    )
