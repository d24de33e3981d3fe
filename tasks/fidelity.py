"""How thoroughly an architecture is trained and evaluated: explicit, hashable, part of every trial's key."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fidelity:
    """Settings of one training and its evaluation.

    data: configuration of the data set.  train_examples: how many of its training examples are used.
    example_passes: examples seen in all, repeats counted.  eval_split, eval_examples: where quality is evaluated.
    batch_size: examples of one optimiser step.
    peak_learning_rate: AdamW's, reached at the end of the warm-up; it decays to zero by a cosine from there.
    weight_decay: AdamW's, of all parameters; times the learning rate, what a step takes off them, as a share of each.
    warmup_fraction: share of the steps, 0 to 1, in which the learning rate rises linearly; one step at least.
    The network is trained at the input size its architecture says, which is the size it is deployed at.
    """

    data: str
    train_examples: int
    example_passes: int
    eval_split: str
    eval_examples: int
    batch_size: int = 8
    peak_learning_rate: float = 2e-2
    weight_decay: float = 1e-4
    warmup_fraction: float = 0.1

    @property
    def steps(self) -> int:
        """Optimiser steps."""
        return self.example_passes // self.batch_size
