"""Benchmarks: one command, one table, beside the peers on the same files in the same run (``make bench``)."""
