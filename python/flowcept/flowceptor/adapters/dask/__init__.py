"""Dask's tasks, as its workers see them."""
