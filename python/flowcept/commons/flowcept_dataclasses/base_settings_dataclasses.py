"""What settings say of an adapter."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class KeyValue:
    key: str
    value: Any


@dataclass
class BaseSettings:
    """The section `adapters.<key>` of settings.yaml."""

    key: str
    kind: str
    observer_type: str = field(init=False, default="")
    observer_subtype: str | None = field(init=False, default=None)

    def save_settings(self) -> None:
        """Writes the section into the settings file."""
        import yaml  # type: ignore[import-untyped, unused-ignore]

        given = os.environ.get("FLOWCEPT_SETTINGS_PATH")
        path = Path(given) if given else Path.home() / ".flowcept" / "settings.yaml"
        settings = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
        settings = settings if isinstance(settings, dict) else {}
        section = asdict(self)
        for name in ("key", "observer_type", "observer_subtype"):
            section.pop(name, None)
        settings.setdefault("adapters", {})[self.key] = section
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
