"""Decorators, tasks and loops."""
