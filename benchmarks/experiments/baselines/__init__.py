"""The tasks' baseline networks, trained and compiled."""
