"""Networks in flax: the blocks, and the static network of an architecture."""
