"""Classification: which item is in the image."""
