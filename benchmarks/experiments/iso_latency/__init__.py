"""The best networks at the baseline's latency."""
