"""The article's first table: a detector searched in three spaces."""
