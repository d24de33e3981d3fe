"""The article's first table: a detector searched in three spaces of its trained table."""
