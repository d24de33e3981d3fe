"""Zero-shot scores: how good a network will be, guessed from its initialisation.  Larger is better in all of them."""
