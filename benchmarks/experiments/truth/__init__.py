"""The best networks of each space by the trained tables: what searches on the tables are measured against."""
