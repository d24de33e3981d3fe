"""The error that a caller's bad input raises."""


class HardwareInputError(ValueError):
    """A block, accelerator or cache that cannot be used; the message is one line naming it and what is allowed."""
