"""How MACs and latency change with the channels."""
