"""The error that a caller's bad input raises."""


class TaskInputError(ValueError):
    """A task, data file or genotype that cannot be used; the message is one line naming it and what is allowed."""
