"""Families of search head-to-head: the same task, space, bounds and spend; every winner trained anew the same way."""
