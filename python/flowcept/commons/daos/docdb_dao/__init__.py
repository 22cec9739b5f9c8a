"""The document store: Headrace's."""
