"""Classification: which item is in the picture."""
