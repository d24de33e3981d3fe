"""Families of search head-to-head on the trained tables: the same task, space, bound and spend, a thousand seeds."""
