"""The version of Flowcept whose interface this package has."""

__version__ = "1.0.3"
