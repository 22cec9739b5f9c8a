"""Settings of an adapter, from its section of settings.yaml and defaults."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flowcept import configs
from flowcept.commons.flowcept_dataclasses.base_settings_dataclasses import BaseSettings
from flowcept.flowceptor.adapters.dask.dask_dataclasses import DaskSettings
from flowcept.flowceptor.adapters.mlflow.mlflow_dataclasses import MLFlowSettings
from flowcept.flowceptor.adapters.tensorboard.tensorboard_dataclasses import TensorboardSettings

SETTINGS_CLASSES: dict[str, type[BaseSettings]] = {
    "dask": DaskSettings,
    "mlflow": MLFlowSettings,
    "tensorboard": TensorboardSettings,
}


def get_settings(adapter_key: str | None) -> Any:
    """The section `adapters.<key>`; what it does not say, or all where there is none, has its
    default. Of a kind that is not known here the section itself. ValueError for a key that the
    kind does not have."""
    if adapter_key is None:
        return None
    section = dict(configs.settings["adapters"].get(adapter_key) or {})
    kind = section.get("kind", adapter_key)
    known = SETTINGS_CLASSES.get(kind)
    if known is None:
        return section
    section["key"] = adapter_key
    names = {one.name for one in fields(known) if one.init}
    odd = sorted(set(section) - names)
    if odd:
        raise ValueError(
            f"adapters.{adapter_key} in the settings has no {', '.join(odd)}; "
            f"it has {', '.join(sorted(names - {'key'}))}"
        )
    return known(**section)
