"""Tables and pages from the results."""
