"""Settings as module constants, read once: from settings.yaml, else built-in defaults; then what
environment variables say instead.

The file is FLOWCEPT_SETTINGS_PATH, else ~/.flowcept/settings.yaml; FLOWCEPT_USE_DEFAULT=1 reads
neither file nor variables. A file that cannot be read is reported once, as a warning that says
where and why, and the defaults hold.
"""

from __future__ import annotations

import copy
import getpass
import json
import os
import re
import socket
import warnings
from pathlib import Path
from typing import Any

from flowcept.version import __version__

PROJECT_NAME = "flowcept"
FLOWCEPT_DOCS_BASE_URL = "https://flowcept.readthedocs.io/en/latest"

DEFAULT_SETTINGS: dict[str, Any] = {
    "flowcept_version": __version__,
    "log": {"log_file_level": "disable", "log_stream_level": "disable"},
    "project": {"dump_buffer": {"enabled": True}, "enrich_messages": False},
    "telemetry_capture": {},
    "instrumentation": {},
    "experiment": {},
    "mq": {"enabled": False},
    "kv_db": {"enabled": False},
    "web_server": {"max_label_length": 30},
    "sys_metadata": {},
    "extra_metadata": {},
    "db_buffer": {},
    "databases": {"mongodb": {"enabled": False}, "lmdb": {"enabled": False}},
    "adapters": {},
    "agent": {},
}

_TRUE = {"1", "true", "yes", "y", "t"}
_DEFAULT_PATH = "FLOWCEPT_DEFAULT_SETTINGS"

USE_DEFAULT = os.environ.get("FLOWCEPT_USE_DEFAULT", "").strip().lower() in _TRUE


class SettingsWarning(UserWarning):
    """Settings that could not be taken as they are; the message says which and what holds."""


def _environment(name: str, default: Any = None) -> Any:
    return default if USE_DEFAULT else os.environ.get(name, default)


def _flag(name: str, default: Any) -> bool:
    return str(_environment(name, default)).strip().lower() in _TRUE


def _number(name: str, value: Any, default: int) -> int:
    try:
        return int(_environment(name, value))
    except (TypeError, ValueError):
        warnings.warn(
            f"{name}={_environment(name, value)!r} is no whole number; {default} holds",
            SettingsWarning,
            stacklevel=2,
        )
        return default


def _list(name: str, default: list[str]) -> list[str]:
    raw = _environment(name)
    if not raw:
        return default
    try:
        value = json.loads(raw)
    except ValueError:
        value = None
    if not isinstance(value, list):
        raise ValueError(f'{name} must be a JSON list of texts, such as ["localhost:*"]')
    return value


_REFERENCE = re.compile(r"\$\{([^${}]*)\}")


class _Unresolved(ValueError):
    pass


def _resolve(text: str, root: dict[str, Any], depth: int = 0) -> Any:
    """A text with its ${oc.env:NAME,default} and ${other.key} replaced; alone in its text, a
    reference to a key keeps that key's type."""
    if depth > 16:
        raise _Unresolved(f"{text!r} refers to itself")

    def value_of(reference: str) -> Any:
        if reference.startswith("oc.env:"):
            name, comma, default = reference.removeprefix("oc.env:").partition(",")
            found = os.environ.get(name.strip())
            if found is not None:
                return found
            if not comma:
                raise _Unresolved(f"environment variable {name.strip()!r} is not set")
            default = default.strip()
            return None if default == "null" else default.strip("'\"")
        at: Any = root
        for part in reference.strip().split("."):
            if not isinstance(at, dict) or part not in at:
                raise _Unresolved(f"there is no key {reference!r} to interpolate")
            at = at[part]
        return _resolve(at, root, depth + 1) if isinstance(at, str) else at

    whole = _REFERENCE.fullmatch(text)
    if whole:
        return value_of(whole.group(1))
    replaced = _REFERENCE.sub(lambda match: str(value_of(match.group(1))), text)
    return replaced if replaced == text else _resolve(replaced, root, depth + 1)


def _resolve_all(value: Any, root: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _resolve_all(one, root) for key, one in value.items()}
    if isinstance(value, list):
        return [_resolve_all(one, root) for one in value]
    if isinstance(value, str) and "${" in value:
        return _resolve(value, root)
    return value


def load_settings(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The settings of a YAML file. Raises ValueError with where and why when it is broken."""
    try:
        import yaml
    except ModuleNotFoundError:
        raise ValueError(
            f"{path}: reading settings.yaml needs PyYAML (pip install 'headrace[flowcept]')"
        ) from None
    try:
        read = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    if read is None:
        read = {}
    if not isinstance(read, dict):
        raise ValueError(f"{path} holds a {type(read).__name__} where keys and values belong")
    try:
        read = _resolve_all(read, read)
    except _Unresolved as error:
        raise ValueError(f"{path}: {error}") from None
    for key in DEFAULT_SETTINGS:
        if read.get(key) is None:
            read.pop(key, None)
        elif isinstance(DEFAULT_SETTINGS[key], dict) and not isinstance(read[key], dict):
            raise ValueError(
                f"{path}: {key!r} is a {type(read[key]).__name__} where keys and values belong"
            )
    return read


def _read() -> tuple[dict[str, Any], str]:
    path = os.environ.get("FLOWCEPT_SETTINGS_PATH") or str(
        Path("~").expanduser() / f".{PROJECT_NAME}" / "settings.yaml"
    )
    if USE_DEFAULT or not Path(path).exists():
        return copy.deepcopy(DEFAULT_SETTINGS), _DEFAULT_PATH
    try:
        return load_settings(path), path
    except ValueError as error:
        warnings.warn(f"{error}; the built-in defaults hold", SettingsWarning, stacklevel=2)
        return copy.deepcopy(DEFAULT_SETTINGS), _DEFAULT_PATH


settings, SETTINGS_PATH = _read()
for _key, _value in DEFAULT_SETTINGS.items():
    settings.setdefault(_key, copy.deepcopy(_value))


def _section(*keys: str) -> dict[str, Any]:
    at: Any = settings
    for key in keys:
        at = at.get(key) if isinstance(at, dict) else None
    return at if isinstance(at, dict) else {}


# Logging.
LOG_FILE_PATH = settings["log"].get("log_path", "default")
if LOG_FILE_PATH == "default":
    LOG_FILE_PATH = f"{PROJECT_NAME}.log"
LOG_FILE_LEVEL = str(settings["log"].get("log_file_level", "disable")).upper()
LOG_STREAM_LEVEL = str(settings["log"].get("log_stream_level", "disable")).upper()

FLOWCEPT_USER = settings["experiment"].get("user", "blank_user")

# The broker, and the keys beside it.
MQ_SETTINGS = settings["mq"]
MQ_INSTANCES = MQ_SETTINGS.get("instances")
MQ_ENABLED = _flag("MQ_ENABLED", MQ_SETTINGS.get("enabled", True))
MQ_TYPE = _environment("MQ_TYPE", MQ_SETTINGS.get("type", "redis"))
MQ_CHANNEL = _environment("MQ_CHANNEL", MQ_SETTINGS.get("channel", "interception"))
MQ_PASSWORD = MQ_SETTINGS.get("password")
MQ_HOST = _environment("MQ_HOST", MQ_SETTINGS.get("host", "localhost"))
MQ_PORT = _number("MQ_PORT", MQ_SETTINGS.get("port", 6379), 6379)
MQ_URI = _environment("MQ_URI", MQ_SETTINGS.get("uri"))
MQ_GROUP_ID = _environment("MQ_GROUP_ID", MQ_SETTINGS.get("group_id", "auto"))
MQ_USERNAME = _environment("MQ_USERNAME", MQ_SETTINGS.get("username", "guest"))
MQ_VHOST = _environment("MQ_VHOST", MQ_SETTINGS.get("vhost", "/"))
MQ_BUFFER_SIZE = MQ_SETTINGS.get("buffer_size", 1)
MQ_INSERTION_BUFFER_TIME = MQ_SETTINGS.get("insertion_buffer_time_secs", 1)
MQ_TIMING = MQ_SETTINGS.get("timing", False)
MQ_CHUNK_SIZE = int(MQ_SETTINGS.get("chunk_size", -1))

KVDB_SETTINGS = settings["kv_db"]
KVDB_PASSWORD = KVDB_SETTINGS.get("password")
KVDB_HOST = _environment("KVDB_HOST", KVDB_SETTINGS.get("host", "localhost"))
KVDB_PORT = _number("KVDB_PORT", KVDB_SETTINGS.get("port", 6379), 6379)
KVDB_URI = _environment("KVDB_URI", KVDB_SETTINGS.get("uri"))
KVDB_ENABLED = bool(KVDB_SETTINGS.get("enabled", False))

# Databases. Headrace's own store answers for whichever is enabled.
DATABASES = settings["databases"]
_mongo = _section("databases", "mongodb")
MONGO_ENABLED = bool(_mongo) and _flag("MONGO_ENABLED", _mongo.get("enabled", False))
MONGO_URI = _environment("MONGO_URI", _mongo.get("uri")) if _mongo else None
MONGO_HOST = _environment("MONGO_HOST", _mongo.get("host", "localhost")) if _mongo else None
MONGO_PORT = _number("MONGO_PORT", _mongo.get("port", 27017), 27017) if _mongo else None
MONGO_DB = _mongo.get("db", PROJECT_NAME)
MONGO_CREATE_INDEX = _mongo.get("create_collection_index", True)

LMDB_SETTINGS = _section("databases", "lmdb")
LMDB_ENABLED = bool(LMDB_SETTINGS) and _flag("LMDB_ENABLED", LMDB_SETTINGS.get("enabled", False))
if LMDB_SETTINGS:
    LMDB_SETTINGS["path"] = _environment("LMDB_PATH", LMDB_SETTINGS.get("path", "flowcept_lmdb"))

DBS_ENABLED = MONGO_ENABLED or LMDB_ENABLED

_db_buffer = settings["db_buffer"]
INSERTION_BUFFER_TIME = _db_buffer.get("insertion_buffer_time_secs")
DB_BUFFER_SIZE = int(_db_buffer.get("buffer_size", 50))
REMOVE_EMPTY_FIELDS = _db_buffer.get("remove_empty_fields", False)
DB_INSERTER_MAX_TRIALS_STOP = _db_buffer.get("stop_max_trials", 240)
DB_INSERTER_SLEEP_TRIALS_STOP = _db_buffer.get("stop_trials_sleep", 0.01)

# The project.
DB_FLUSH_MODE = _environment("DB_FLUSH_MODE", settings["project"].get("db_flush_mode", "offline"))
PERF_LOG = settings["project"].get("performance_logging", False)
JSON_SERIALIZER = settings["project"].get("json_serializer", "default")
REPLACE_NON_JSON_SERIALIZABLE = settings["project"].get("replace_non_json_serializable", True)
ENRICH_MESSAGES = settings["project"].get("enrich_messages", True)

_dump = _section("project", "dump_buffer")
DUMP_BUFFER_ENABLED = _flag("DUMP_BUFFER", _dump.get("enabled", DB_FLUSH_MODE == "offline"))
DUMP_BUFFER_PATH = _dump.get("path", "flowcept_buffer.jsonl")
APPEND_WORKFLOW_ID_TO_PATH = _dump.get("append_workflow_id_to_path", False)
APPEND_ID_TO_PATH = _dump.get("append_id_to_path", False)
DELETE_BUFFER_FILE = _dump.get("delete_previous_file", True)

TELEMETRY_CAPTURE = settings["telemetry_capture"]
TELEMETRY_ENABLED = _flag("TELEMETRY_ENABLED", True) and bool(TELEMETRY_CAPTURE)

# The machine.
_system = settings["sys_metadata"]
ENVIRONMENT_ID = _system.get("environment_id")
SYS_NAME = _system.get("sys_name") or os.uname().sysname
NODE_NAME = _system.get("node_name") or os.uname().nodename
PUBLIC_IP = _system.get("public_ip")
PRIVATE_IP = _system.get("private_ip")


def _login_name() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None


LOGIN_NAME = _system.get("login_name") or _login_name()
HOSTNAME = socket.getfqdn() or socket.gethostname() or "unknown_hostname"

EXTRA_METADATA = settings["extra_metadata"]
EXTRA_METADATA.update({"mq_host": MQ_HOST, "mq_port": MQ_PORT})

# What is capture and what is around it.
_web = settings["web_server"]
WEBSERVER_HOST = _environment("WEBSERVER_HOST", _web.get("host", "127.0.0.1"))
WEBSERVER_PORT = _number("WEBSERVER_PORT", _web.get("port", 8008), 8008)
WEBSERVER_UI_ENABLED = _web.get("ui_enabled", True)
WEBSERVER_CORS_ORIGINS = _web.get("cors_origins", [])
WEBSERVER_SSE_POLL_INTERVAL = float(_web.get("sse_poll_interval_sec", 2.0))
WEBSERVER_SSE_MAX_BATCH = int(_web.get("sse_max_batch", 500))
WEBSERVER_DASHBOARDS_DIR = str(
    Path(_web.get("dashboards_dir", f"~/.{PROJECT_NAME}/dashboards")).expanduser()
)
WEBSERVER_MAX_LABEL_LENGTH = _number(
    "WEBSERVER_MAX_LABEL_LENGTH", _web.get("max_label_length", 30), 30
)

INSTRUMENTATION = settings["instrumentation"]
INSTRUMENTATION_ENABLED = INSTRUMENTATION.get("enabled", True)

AGENT = settings["agent"]
AGENT_API_KEY = _environment("AGENT_API_KEY", AGENT.get("api_key"))
AGENT_CHAT_ENABLED = AGENT.get("chat_enabled", True)
AGENT_CHAT_MAX_TOOL_ITERATIONS = int(AGENT.get("chat_max_tool_iterations", 5))
AGENT_CHAT_MAX_QUERY_LIMIT = int(AGENT.get("chat_max_query_limit", 1000))
AGENT_CHAT_MAX_TOOL_RESULT_CHARS = int(AGENT.get("chat_max_tool_result_chars", 4000))
AGENT_AUDIO = _flag("AGENT_AUDIO", AGENT.get("audio_enabled", "false"))
AGENT_HOST = _environment("AGENT_HOST", AGENT.get("mcp_host", "localhost"))
AGENT_PORT = _number("AGENT_PORT", AGENT.get("mcp_port", 8000), 8000)
AGENT_MODE = _environment("AGENT_MODE", AGENT.get("agent_mode", "disabled"))
MCP_ALLOWED_HOSTS = _list(
    "MCP_ALLOWED_HOSTS", AGENT.get("mcp_allowed_hosts", ["localhost:*", "127.0.0.1:*"])
)
MCP_ALLOWED_ORIGINS = _list(
    "MCP_ALLOWED_ORIGINS",
    AGENT.get("mcp_allowed_origins", ["http://localhost:*", "http://127.0.0.1:*"]),
)

ADAPTERS = {
    adapter.get("kind") for adapter in settings["adapters"].values() if isinstance(adapter, dict)
}


def validate_config() -> None:
    """Raises ValueError where settings contradict each other. Flowcept() calls it."""
    if DB_FLUSH_MODE == "online" and not MQ_ENABLED:
        raise ValueError(
            "Invalid configuration: project.db_flush_mode is 'online', which publishes on a "
            "broker, but mq.enabled is false. Set mq.enabled (or MQ_ENABLED=true), or "
            "db_flush_mode to 'offline' (flowcept --config-profile full-offline -y)."
        )
    if DB_FLUSH_MODE == "offline" and (DBS_ENABLED or KVDB_ENABLED):
        raise ValueError(
            "Invalid configuration: project.db_flush_mode is 'offline' but persistent DBs are "
            f"enabled (kv_db={KVDB_ENABLED}, mongodb={MONGO_ENABLED}, lmdb={LMDB_ENABLED}). "
            "Disable them, or set db_flush_mode to 'online' "
            "(flowcept --config-profile full-online -y)."
        )
