"""A strategy of one's own beside built-in ones on a whole space as a table: python examples/compare_on_a_table.py

The table is made up: error falls with each decision's choice, neighbours disturb each other, and every training has
noise.  A search sees the noise; what is printed is the true error of the network that it ends with.
"""

from pathlib import Path

import jax
import numpy as np

from nas_algos.compare import compare
from nas_algos.tabular import Table, make_table

CARDINALITIES = (4,) * 6
TRAINING_SEEDS, NOISE = 3, 0.03
STRATEGIES = (str(Path(__file__).parent / "climber.py"), "regularised_evolution")


def made_up(seed: int = 0) -> Table:
    """4,096 networks of six decisions, trained with three seeds each."""
    random = np.random.default_rng(seed)
    genotypes = np.indices(CARDINALITIES).reshape(len(CARDINALITIES), -1).T
    gain = random.random((len(CARDINALITIES), 4))[np.arange(len(CARDINALITIES)), genotypes].mean(1)
    pairs = random.random((len(CARDINALITIES) - 1, 4, 4))
    trouble = sum(pairs[i, genotypes[:, i], genotypes[:, i + 1]] for i in range(len(pairs))) / len(pairs)
    error = 0.5 - 0.3 * gain + 0.2 * trouble
    trained = error + random.normal(0, NOISE, (TRAINING_SEEDS, len(error)))
    return make_table("made-up", CARDINALITIES, trained[:, :, None], (1.0,))


def main() -> None:
    """Run 50 searches of 100 trainings with each strategy and print where they end."""
    table = made_up()
    least = float(table.scores.min())
    for row in compare(STRATEGIES, table, trainings=100, seeds=50, key=jax.random.key(0)):
        name = Path(row.strategy).stem
        regret, low, high = (value - least for value in (row.true, row.low, row.high))
        print(f"{name:22} {regret:.4f} above the least error ({low:.4f} to {high:.4f})")


if __name__ == "__main__":
    main()
