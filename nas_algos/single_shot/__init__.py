"""Single-shot search: one supernet is trained, and a network is found with the weights that it shares."""
