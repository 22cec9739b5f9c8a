"""Packages that headrace does not need by itself, when they are asked for."""

from __future__ import annotations

import importlib
from typing import Any


def needed(module: str, by: str) -> Any:
    """The module, or an ImportError that names its package and what wants it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(
            f"{by} needs {package}, which is not here: pip install {package}"
        ) from error
