"""Data sets: real items found on the machine, and the scenes composed from them."""
