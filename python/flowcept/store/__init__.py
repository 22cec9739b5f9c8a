"""Flowcept's documents, read from Headrace's store and written into it."""
