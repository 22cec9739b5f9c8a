"""Programs in the laboratory are asked by none of Headrace's settings that other tests made."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from asked import outside


@pytest.fixture(scope="module", autouse=True)
def _environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - outside().keys():
            patch.delenv(name)
        yield
