"""A classifier within a memory budget: an expert, a search, and both."""
