"""Search strategies and evaluators over any `Problem`; imports nothing else of this project."""
