"""Whether what is shipped holds: tables made again, networks trained again, tables from nothing."""
