"""The best detector on other tasks and data: as it is, adapted by the expert, searched anew."""
