"""What commands make of input that they cannot work with."""
