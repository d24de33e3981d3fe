"""Search spaces: ordered decisions, and the architecture that a choice for each of them means."""
