"""How a cheaper training ranks what a dearer one ranks."""
