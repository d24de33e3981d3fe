"""Multi-shot strategies: init, ask, tell."""
