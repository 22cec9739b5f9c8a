"""The hostile folder, made once for all that show it."""

from __future__ import annotations

from pathlib import Path

import pytest
import stores
from asked import HEADRACE


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds `.headrace`; nothing but notes may be changed in it."""
    if not HEADRACE.exists():
        pytest.skip("build the program first: ./script/build")
    folder = tmp_path_factory.mktemp("hostile")
    stores.make(folder)
    return folder
