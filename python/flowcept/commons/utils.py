"""Small functions that programs import from here."""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import subprocess
import threading
import types
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any

from flowcept import configs
from flowcept.commons.vocabulary import Status


def to_epoch(value: Any) -> float | None:
    """Seconds since the epoch of seconds, milliseconds (>= 1e12), ISO text or a datetime; None
    for anything else. What has no time zone is UTC."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        return value / 1000.0 if value >= 1e12 else float(value)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp()
    return None


def get_utc_now() -> float:
    return time()


def get_utc_now_str() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f%z")


def datetime_to_str(dt: datetime) -> str:
    return dt.strftime("%Y-%m-%dT%H:%M:%S.%f")


def get_utc_minutes_ago(minutes_ago: int = 1, return_float: bool = False) -> datetime | float:
    """So many minutes ago, rounded down to whole steps of as many minutes."""
    now = datetime.now(timezone.utc)
    rounded = now - timedelta(
        minutes=now.minute % minutes_ago + minutes_ago,
        seconds=now.second,
        microseconds=now.microsecond,
    )
    return rounded.timestamp() if return_float else rounded


def perf_log(func_name: str, t0: float, logger: Any = None) -> float | None:
    """Logs how long something took, where project.performance_logging is on."""
    if not configs.PERF_LOG:
        return None
    from flowcept.commons.flowcept_logger import FlowceptLogger

    now = time()
    (logger or FlowceptLogger()).debug(f"[PERFEVAL][{func_name}]={now - t0}")
    return now


def get_status_from_str(status_str: str) -> Status:
    return {"finished": Status.FINISHED, "created": Status.SUBMITTED}.get(
        status_str.lower(), Status.UNKNOWN
    )


def evaluate_until(
    evaluation_condition: Callable[[], Any],
    max_trials: int = 30,
    max_time: float = 60,
    msg: str = "",
) -> bool:
    """Whether the condition came true within so many trials, one a second, and so many seconds."""
    since = monotonic()
    for _ in range(max_trials):
        if monotonic() - since >= max_time:
            break
        if evaluation_condition():
            return True
        sleep(1)
    return False


def assert_by_querying_tasks_until(
    filter: dict[str, Any],
    condition_to_evaluate: Callable[[list[dict[str, Any]]], Any] | None = None,
    max_trials: int = 10,
    max_time: float = 60,
) -> bool:
    """Whether the tasks that pass the filter came to meet the condition (default: be any)."""
    from flowcept import Flowcept

    def is_met() -> bool:
        found = Flowcept.db.query(filter=filter, collection="tasks")
        if condition_to_evaluate is None:
            return bool(found)
        try:
            return bool(condition_to_evaluate(found))
        except Exception:  # the condition reads what may not be there yet
            return False

    return evaluate_until(is_met, max_trials, max_time)


def chunked(iterable: Any, size: int) -> Iterator[Any]:
    for begin in range(0, len(iterable), size):
        yield iterable[begin : begin + size]


class GenericJSONEncoder(json.JSONEncoder):
    def default(self, obj: Any) -> Any:
        return replace_non_serializable(obj)


def replace_non_serializable_times(obj: dict[str, Any], tz: Any = timezone.utc) -> None:
    """Datetimes among a task's times become ISO text with milliseconds, in place."""
    from flowcept.commons.flowcept_dataclasses.task_object import TaskObject

    for name in TaskObject.get_time_field_names():
        if isinstance(obj.get(name), datetime):
            obj[name] = obj[name].astimezone(tz).isoformat(timespec="milliseconds")


def replace_non_serializable(obj: Any) -> Any:
    """The value as JSON can have it: what knows to describe itself (to_flowcept_dict, to_dict)
    does, numbers of numpy become numbers, an array or tensor its summary, a date ISO text; never
    the address of an object in memory."""
    if obj is None or isinstance(obj, bool | int | float | str):
        return obj
    if isinstance(obj, dict):
        return {
            key if isinstance(key, str) else str(key): replace_non_serializable(value)
            for key, value in obj.items()
        }
    if isinstance(obj, list | tuple | set | frozenset):
        return [replace_non_serializable(value) for value in obj]
    described = vars(type(obj)).get("to_flowcept_dict") or vars(type(obj)).get("to_dict")
    if described is not None and type(obj).__module__.partition(".")[0] != "pandas":
        try:
            return replace_non_serializable(described(obj))
        except Exception:
            return {"type": type(obj).__name__, "reason": "describing it failed"}
    if isinstance(obj, argparse.Namespace):
        return replace_non_serializable(vars(obj))
    from flowcept.documents import plain_of_object

    return plain_of_object(obj)


def get_gpu_vendor() -> str | None:
    """ "NVIDIA" or "AMD" where such a device's driver is loaded."""
    if Path("/proc/driver/nvidia/version").exists():
        return "NVIDIA"
    if Path("/sys/module/amdgpu").exists():
        return "AMD"
    return None


def get_current_config_values() -> dict[str, Any]:
    """Every public constant of flowcept.configs."""
    values = {
        name: value
        for name, value in vars(configs).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    values["ADAPTERS"] = sorted(filter(None, values.get("ADAPTERS", [])))
    return values


def generate_pseudo_id() -> str:
    return f"{os.getpid()}_{threading.get_ident()}"


def json_line(document: dict[str, Any]) -> bytes:
    """One line of a buffer file: compact JSON and a newline. Keys that are no texts become texts;
    nothing makes it fail."""
    text = json.dumps(
        document, ensure_ascii=False, separators=(",", ":"), default=replace_non_serializable
    )
    return text.encode("utf-8", "surrogatepass") + b"\n"


def buffer_to_disk(
    buffer: Iterable[dict[str, Any]], path: str | os.PathLike[str], logger: Any
) -> None:
    """Appends documents to a JSON lines file, without their `data`."""
    lines = [
        json_line({key: value for key, value in document.items() if key != "data"})
        for document in buffer
    ]
    if not lines:
        logger.warning("The buffer is currently empty.")
        return
    with Path(path).open("ab") as file:
        file.write(b"".join(lines))
    logger.info(f"Saved Flowcept buffer into {path}.")


def resolve_dump_buffer_path(
    path: str, workflow_id: str | None, append_workflow_id: bool, append_id: bool = False
) -> str:
    """The path with the workflow's id and this process's and thread's before its suffix."""
    parts = [Path(path).stem]
    if append_workflow_id and workflow_id:
        parts.append(workflow_id)
    if append_id:
        parts.append(generate_pseudo_id())
    if len(parts) == 1:
        return path
    return str(Path(path).with_name("_".join(parts) + Path(path).suffix))


def get_array_summary(array: Any) -> dict[str, Any]:
    """Smallest, largest and middle value and the shape of a numpy array."""
    import numpy as np

    return {
        "min": array.min().item(),
        "max": array.max().item(),
        "med": float(np.median(array)),
        "shape": array.shape,
    }


def get_git_info(path: str = ".") -> dict[str, Any] | None:
    """The commit that the code in a folder stands at; None outside a repository or without git."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", path, *arguments], capture_output=True, text=True, timeout=10, check=True
        ).stdout.strip()

    try:
        sha = git("rev-parse", "HEAD")
        return {
            "sha": sha,
            "short_sha": git("rev-parse", "--short", "HEAD"),
            "branch": git("rev-parse", "--abbrev-ref", "HEAD"),
            "root": git("rev-parse", "--show-toplevel"),
            "remote": _first_remote(git),
            "dirty": "dirty" if git("status", "--porcelain", "-uno") else "clean",
        }
    except (OSError, subprocess.SubprocessError):
        return None


def _first_remote(git: Callable[..., str]) -> str | None:
    names = git("remote").splitlines()
    if not names:
        return None
    # A remote's address may hold a password.
    return re.sub(r"(?<=://)[^/@]+@", "", git("remote", "get-url", names[0]))


class ClassProperty:
    """A property of the class itself."""

    def __init__(self, fget: Callable[[Any], Any]) -> None:
        self.fget = fget

    def __get__(self, instance: Any, owner: Any) -> Any:
        return self.fget(owner)


_SECRET_KEYS = (
    "api_key", "access_key", "token", "secret", "password", "passwd", "credentials",
)  # fmt: skip
_SECRET_TEXT = re.compile(r"\bsk-[A-Za-z0-9_-]+")


def sanitize_json_like(
    value: Any, drop_sensitive_keys: bool = False, mongo_safe_keys: bool = False
) -> Any:
    """A copy in which what its name or look says is a secret is "REDACTED" (or left out)."""
    if isinstance(value, dict):
        out = {}
        for key, item in value.items():
            name = str(key)
            is_secret = any(part in name.lower() for part in _SECRET_KEYS)
            if is_secret and drop_sensitive_keys:
                continue
            if mongo_safe_keys:
                name = name.replace(".", "_").replace("$", "_")
            out[name] = (
                "REDACTED"
                if is_secret
                else sanitize_json_like(item, drop_sensitive_keys, mongo_safe_keys)
            )
        return out
    if isinstance(value, list | tuple):
        return [sanitize_json_like(item, drop_sensitive_keys, mongo_safe_keys) for item in value]
    if isinstance(value, str) and _SECRET_TEXT.search(value):
        return "REDACTED"
    return value


def _to_jsonable(value: Any, include_data: bool = False) -> Any:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii") if include_data else None
    if isinstance(value, list | tuple):
        return [_to_jsonable(item, include_data) for item in value]
    if isinstance(value, dict):
        return {
            str(key): _to_jsonable(item, include_data)
            for key, item in value.items()
            if include_data or key != "data"
        }
    return str(value)


def normalize_docs(docs: list[dict[str, Any]], include_data: bool = False) -> list[dict[str, Any]]:
    """Documents as JSON can have them; `data` as base64, or left out."""
    return [_to_jsonable(document, include_data) for document in docs]
