"""Adapters: how documents of other tools come in."""
