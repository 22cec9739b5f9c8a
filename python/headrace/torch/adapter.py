"""What records the tasks and objects of PyTorch's programs."""

from __future__ import annotations

from headrace.adapters import Adapter

# Values merely go by: a number on a device is not fetched, which would wait for it.
ADAPTER = Adapter("torch", reads_devices=False)
