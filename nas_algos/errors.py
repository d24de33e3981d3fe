"""The error that a caller's bad input raises."""


class AlgorithmInputError(ValueError):
    """Settings, a strategy, scores or a problem that cannot be used; one line naming it and what is allowed."""
