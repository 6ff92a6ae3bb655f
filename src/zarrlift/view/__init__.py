"""Datasets as Python values: what is in them, read when it is asked for."""
