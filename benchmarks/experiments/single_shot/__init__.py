"""How supernets rank architectures."""
