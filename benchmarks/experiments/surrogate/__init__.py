"""How well the surrogates of the trained tables predict networks that they were not fitted to."""
