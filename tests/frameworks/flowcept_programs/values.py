"""Values of numpy, pandas and argparse, and what JSON cannot say."""

from __future__ import annotations

import argparse
import datetime
import decimal
import pathlib
from typing import Any

import numpy as np
import pandas as pd
from flowcept import Flowcept, flowcept_task


@flowcept_task
def look(value: Any) -> dict[str, Any]:
    return {"same": value}


@flowcept_task
def configured(args: argparse.Namespace) -> dict[str, float]:
    return {"lr": args.lr}


class Described:
    def to_dict(self) -> dict[str, int]:
        return {"cells": 128}


def main() -> None:
    with Flowcept(workflow_name="values", campaign_id="study"):
        look(np.int64(7))
        look(np.float32(0.5))
        look(np.float64(0.25))
        look(np.bool_(True))
        look(np.arange(6).reshape(2, 3))
        look(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}).set_index(pd.Index(["r1", "r2"])))
        look(datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc))
        look(decimal.Decimal("0.10"))
        look(pathlib.PurePosixPath("/a/b"))
        look({1, 2})
        look(Described())
        look((1, "two", None))
        configured(argparse.Namespace(lr=0.1, layers=[64, 64]))


if __name__ == "__main__":
    main()
