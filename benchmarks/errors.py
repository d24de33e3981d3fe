"""The error for input that the benchmarks cannot work with."""


class BenchmarkInputError(ValueError):
    """Settings, a file or a value that is not allowed; the message is one line that says what is."""
