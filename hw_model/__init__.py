"""What does this network cost on that accelerator?  Knows blocks and accelerators, nothing of tasks or searching."""
