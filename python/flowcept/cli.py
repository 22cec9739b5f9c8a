"""The command `flowcept` (also `python -m flowcept.cli`): every command is a flag.

    flowcept --query --filter '{"activity_id": "train"}' --limit 5
    flowcept --generate-report --workflow-id ID --output-path card.md

What belongs to services that this package does not have says so, and which command of headrace does
the job, with exit code 2.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PROFILES: dict[str, dict[str, Any]] = {
    "full-online": {
        "project.db_flush_mode": "online",
        "mq.enabled": True,
        "kv_db.enabled": True,
        "databases.mongodb.enabled": True,
        "databases.lmdb.enabled": False,
        "db_buffer.insertion_buffer_time_secs": 5,
    },
    "full-telemetry": {
        "telemetry_capture.cpu": True,
        "telemetry_capture.per_cpu": True,
        "telemetry_capture.process_info": True,
        "telemetry_capture.mem": True,
        "telemetry_capture.disk": True,
        "telemetry_capture.network": True,
        "telemetry_capture.machine_info": True,
        "telemetry_capture.gpu": None,
    },
    "mq-only": {
        "project.db_flush_mode": "online",
        "mq.enabled": True,
        "kv_db.enabled": False,
        "databases.mongodb.enabled": False,
        "databases.lmdb.enabled": False,
    },
    "full-offline": {
        "project.db_flush_mode": "offline",
        "project.dump_buffer.enabled": True,
        "mq.enabled": False,
        "kv_db.enabled": False,
        "databases.mongodb.enabled": False,
        "databases.lmdb.enabled": False,
    },
    "mq-only-no-flush": {
        "project.db_flush_mode": "offline",
        "project.dump_buffer.enabled": True,
        "mq.enabled": True,
        "kv_db.enabled": False,
        "databases.mongodb.enabled": False,
        "databases.lmdb.enabled": False,
    },
}

# What `--init-settings` writes; `--full` adds what has a default anyway.
SETTINGS: dict[str, Any] = {
    "project": {
        "db_flush_mode": "offline",
        "dump_buffer": {"enabled": True, "path": "flowcept_buffer.jsonl"},
        "enrich_messages": True,
    },
    "log": {"log_path": "default", "log_file_level": "error", "log_stream_level": "error"},
    "telemetry_capture": {"cpu": False, "mem": False, "gpu": None},
    "instrumentation": {"enabled": True},
    "mq": {"enabled": False, "type": "redis", "host": "localhost", "port": 6379},
    "kv_db": {"enabled": False, "host": "localhost", "port": 6379},
    "databases": {"mongodb": {"enabled": False}, "lmdb": {"enabled": False}},
}
FULL: dict[str, Any] = {
    "project": {"replace_non_json_serializable": True, "performance_logging": False},
    "telemetry_capture": {
        "per_cpu": False, "process_info": False, "disk": False, "network": False,
        "machine_info": False,
    },
    "instrumentation": {
        "torch": {
            "what": "parent_and_children", "children_mode": "tensor_inspection",
            "epoch_loop": "default", "batch_loop": "default", "capture_epochs_at_every": 1,
            "register_workflow": True,
        }
    },
    "experiment": {"user": "root"},
    "mq": {"channel": "interception", "buffer_size": 50, "insertion_buffer_time_secs": 5},
    "sys_metadata": {"environment_id": "laptop"},
    "extra_metadata": {},
}  # fmt: skip
ADAPTERS: dict[str, dict[str, Any]] = {
    "dask": {
        "kind": "dask", "worker_should_get_input": True, "worker_should_get_output": True,
        "worker_create_timestamps": True,
    },
    "mlflow": {
        "kind": "mlflow", "file_path": "mlflow.db", "log_params": ["*"], "log_metrics": ["*"],
        "watch_interval_sec": 5,
    },
    "tensorboard": {
        "kind": "tensorboard", "file_path": "tensorboard_events", "log_tags": ["scalars", "hparams",
        "tensors"], "log_metrics": ["accuracy"], "watch_interval_sec": 5,
    },
}  # fmt: skip

# Commands of services that are not here, and what to use.
ELSEWHERE = {
    "start": "the web page, its API and live streams: `headrace serve`",
    "agent-client": "questions in SQL and filters: `headrace query`, `headrace ls`",
    "start-services": "nothing needs to be started: programs record into .headrace by themselves",
    "stop-services": "nothing was started: programs record into .headrace by themselves",
    "start-mongo": "the store is a file, .headrace/store.duckdb; no database is needed",
    "start-redis": "start Redis yourself where programs publish to it: `redis-server`",
    "stop-redis": "stop Redis where it was started: `redis-cli shutdown`",
    "stop-consumption-services": "end the consumer with Ctrl-C or by its process id: `kill PID`",
}


class CommandError(Exception):
    """What the user is told, after `flowcept: `."""


def settings_path() -> Path:
    given = os.environ.get("FLOWCEPT_SETTINGS_PATH")
    return Path(given) if given else Path("~").expanduser() / ".flowcept" / "settings.yaml"


def _yaml() -> Any:
    try:
        import yaml  # type: ignore[import-untyped, unused-ignore]
    except ModuleNotFoundError:
        raise CommandError("settings.yaml needs PyYAML: pip install 'headrace[flowcept]'") from None
    return yaml


def _read_settings(path: Path) -> dict[str, Any]:
    from flowcept.configs import load_settings

    try:
        return load_settings(path)
    except ValueError as error:
        raise CommandError(str(error)) from None


def _write_settings(path: Path, settings: dict[str, Any]) -> None:
    yaml = _yaml()
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _at(settings: dict[str, Any], key: str) -> Any:
    at: Any = settings
    for part in key.split("."):
        at = at.get(part) if isinstance(at, dict) else None
    return at


def _put(settings: dict[str, Any], key: str, value: Any) -> None:
    *above, name = key.split(".")
    at = settings
    for part in above:
        inner = at.get(part)
        at[part] = inner if isinstance(inner, dict) else {}
        at = at[part]
    at[name] = value


def _merged(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    out = dict(a)
    for name in b:
        value, old = b[name], out.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            value = _merged(old, value)
        out[name] = value
    return out


def _agreed(question: str, yes: bool) -> bool:
    if yes:
        return True
    try:
        return input(f"{question} (y/N): ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def config_profile(name: str, yes: bool) -> int:
    """Changes the settings file to a profile, after showing what changes."""
    if name not in PROFILES:
        raise CommandError(f"there is no profile {name!r}; there are {', '.join(sorted(PROFILES))}")
    path = settings_path()
    settings = _read_settings(path) if path.exists() else {}
    changes = [(key, _at(settings, key), value) for key, value in PROFILES[name].items()
               if _at(settings, key) != value]  # fmt: skip
    print(f"Settings file: {path}")
    print(f"Requested profile: {name}")
    if not changes:
        print("No changes needed. Settings already match this profile.")
        return 0
    print("Proposed changes:")
    for key, old, new in changes:
        print(f"- {key}: {json.dumps(old)} -> {json.dumps(new)}")
    if not _agreed("Apply them?", yes):
        print("Operation aborted.")
        return 1
    for key, _, new in changes:
        _put(settings, key, new)
    _write_settings(path, settings)
    print(f"Applied profile: {name}")
    return 0


def init_settings(arguments: argparse.Namespace) -> int:
    """Writes a settings file; with an adapter's flag adds that to the one that is there."""
    path = settings_path()
    adapters = [name for name in ADAPTERS if getattr(arguments, name)]
    if path.exists() and adapters:
        settings = _read_settings(path)
    else:
        if path.exists() and not _agreed(f"{path} already exists. Overwrite it?", arguments.yes):
            print("Operation aborted.")
            return 1
        settings = _merged(SETTINGS, FULL) if arguments.full else dict(SETTINGS)
    for name in adapters:
        _put(settings, f"adapters.{name}", ADAPTERS[name])
        print(f"Added adapters.{name} settings.")
    _write_settings(path, settings)
    print(f"Generated settings under {path}.")
    return 0


def show_settings(arguments: argparse.Namespace) -> int:
    from flowcept import configs
    from flowcept.commons.utils import sanitize_json_like

    print(f"This is the settings path of this run: {configs.SETTINGS_PATH}")
    print(json.dumps(sanitize_json_like(configs.settings), indent=2, default=str))
    return 0


def check_services(arguments: argparse.Namespace) -> int:
    """Whether what the settings enable answers, and a task that is recorded is found again."""
    from flowcept import Flowcept, configs, flowcept_task

    print(f"Testing with settings at: {configs.SETTINGS_PATH}")
    for name, status in Flowcept.services_status().items():
        print(f"- {name}: {status}")
    if not Flowcept.services_alive():
        raise CommandError("some of the enabled services do not answer")

    @flowcept_task  # type: ignore[untyped-decorator, unused-ignore]
    def flowcept_check(n: int) -> dict[str, int]:
        return {"twice": 2 * n}

    with Flowcept(workflow_name="flowcept --check-services", check_safe_stops=False):
        flowcept_check(21)
    found = Flowcept.db.task_query({"workflow_id": Flowcept.current_workflow_id})
    if [task.get("generated") for task in found] != [{"twice": 42}]:
        raise CommandError("a task was recorded, and is not in the store")
    print("A task was recorded and found in the store.")
    return 0


def _json_of(text: str | None, name: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise CommandError(f"--{name} is no JSON: {error}") from None


def _print(found: Any) -> int:
    print(json.dumps(found, indent=2, default=str))
    return 0


def _found(collection: str, filter: Any, projection: Any = None, sort: Any = None,
           limit: int = 0) -> list[dict[str, Any]]:  # fmt: skip
    """Documents; what is wrong with the question ends the command."""
    from headrace.store import StoreError

    from flowcept.store.finding import find
    from flowcept.store.matching import FilterError

    try:
        return find(collection, filter, projection, sort, limit)
    except (FilterError, StoreError) as error:
        raise CommandError(str(error)) from None


def query(arguments: argparse.Namespace) -> int:
    filter = _json_of(arguments.filter, "filter")
    sort = _json_of(arguments.sort, "sort")
    projection = _json_of(arguments.project, "project")
    return _print(_found("tasks", filter, projection, sort, arguments.limit))


def get_task(arguments: argparse.Namespace) -> int:
    return _print(_found("tasks", {"task_id": _needed(arguments, "task_id")}))


def workflow_count(arguments: argparse.Namespace) -> int:
    from flowcept.store.finding import count

    workflow_id = _needed(arguments, "workflow_id")
    filter = {"workflow_id": workflow_id}
    counts = {name: count(name, filter) for name in ("tasks", "workflows", "objects")}
    return _print({"workflow_id": workflow_id, **counts})


def _needed(arguments: argparse.Namespace, name: str) -> Any:
    value = getattr(arguments, name)
    if value is None:
        raise CommandError(f"--{name.replace('_', '-')} is missing")
    return value


def generate_report(arguments: argparse.Namespace) -> int:
    from flowcept.report.service import generate_report as generate

    if (arguments.input_path is None) == (arguments.workflow_id is None):
        raise CommandError("provide either --input-path or --workflow-id")
    is_pdf = arguments.format == "pdf"
    try:
        made = generate(
            report_type="provenance_report" if is_pdf else "workflow_card",
            format=arguments.format or "markdown",
            output_path=arguments.output_path,
            input_jsonl_path=arguments.input_path,
            workflow_id=arguments.workflow_id,
        )
    except (ValueError, OSError, NotImplementedError) as error:
        raise CommandError(str(error)) from None
    if arguments.output_path is None:
        print(made["markdown"])
    else:
        print(f"{arguments.output_path}: {made['tasks']} tasks, {made['activities']} activities, "
              f"{made['objects']} objects")  # fmt: skip
    return 0


def start_consumption_services(arguments: argparse.Namespace) -> int:
    from flowcept import Flowcept, configs

    if not configs.MQ_ENABLED:
        raise CommandError(
            "mq.enabled is false in the settings, so there is nothing to consume: "
            "flowcept --config-profile mq-only -y"
        )
    if arguments.consumers:
        raise CommandError("there is one consumer, the one into the store; leave --consumers out")
    try:
        Flowcept.start_consumption_services(
            bundle_exec_id=arguments.bundle_exec_id, check_safe_stops=arguments.check_safe_stops
        )
    except ModuleNotFoundError as error:
        raise CommandError(f"{error}; follow the channel with `headrace import flowcept`") from None
    except KeyboardInterrupt:
        return 0
    return 0


def stream_messages(arguments: argparse.Namespace) -> int:
    """Prints messages of the broker as they come; into a file with --messages-file-path."""
    from flowcept import configs

    if not configs.MQ_ENABLED:
        raise CommandError("mq.enabled is false in the settings: there is no channel to listen to")
    from flowcept.flowceptor.consumers.base_consumer import BaseConsumer

    keys = arguments.keys_to_show
    path = arguments.messages_file_path
    sink = Path(path).open("a", encoding="utf-8") if path else sys.stdout  # noqa: SIM115

    class Printer(BaseConsumer):  # type: ignore[misc, unused-ignore]
        def message_handler(self, message: dict[str, Any]) -> bool:
            shown = {k: message[k] for k in keys if k in message} if keys else message
            print(json.dumps(shown, default=str), file=sink, flush=True)
            return True

    print(f"Listening to {configs.MQ_CHANNEL}. Ctrl-C ends it.", file=sys.stderr)
    try:
        Printer().start(threaded=False)
    except KeyboardInterrupt:
        return 0
    finally:
        if path:
            sink.close()
    return 0


def publish_left(arguments: argparse.Namespace) -> int:
    """Publishes what programs in this folder could not: while there was no server, or killed."""
    from flowcept import configs
    from flowcept.commons.daos.mq_dao.mq_dao_base import MQDao

    if not configs.MQ_ENABLED:
        raise CommandError("mq.enabled is false in the settings: there is no channel to publish on")
    from redis.exceptions import RedisError

    publisher: Any = MQDao.build()
    try:
        count = publisher.publish_left()
    except RedisError as error:
        raise CommandError(
            f"{publisher.address()} cannot be reached ({error}); what waits still does"
        ) from None
    print(f"{count} messages published on {configs.MQ_CHANNEL}.")
    return 0


def version(arguments: argparse.Namespace) -> int:
    from flowcept.version import __version__

    print(f"Flowcept {__version__}, on Headrace")
    return 0


Command = Callable[[argparse.Namespace], int]
COMMANDS: dict[str, tuple[Command, str]] = {
    "check-services": (check_services, "whether what the settings enable answers"),
    "generate-report": (generate_report, "a card: --input-path FILE or --workflow-id ID"),
    "get-task": (get_task, "one task: --task-id ID"),
    "init-settings": (init_settings, "writes settings: [--full --dask --mlflow --tensorboard]"),
    "publish-left": (publish_left, "what programs that were killed, or without a broker, left"),
    "query": (query, "tasks: --filter JSON [--project JSON --sort JSON --limit N]"),
    "show-settings": (show_settings, "the settings that hold, secrets left out"),
    "start-consumption-services": (start_consumption_services, "the broker's channel, stored"),
    "stream-messages": (stream_messages, "messages of the broker, as they come"),
    "version": (version, "the version"),
    "workflow-count": (workflow_count, "how many documents: --workflow-id ID"),
}

_TEXTS = ("filter", "project", "sort", "task-id", "workflow-id", "output-path", "input-path",
          "format", "bundle-exec-id", "messages-file-path", "tool-name", "kwargs",
          "webservice-host", "webservice-port", "ui-dir")  # fmt: skip
_FLAGS = ("full", "dask", "mlflow", "tensorboard", "check-safe-stops", "agent", "webservice", "ui",
          "agent-gui", "with-mongo")  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="flowcept",
        description=(__doc__ or "").split("\n")[0],
        epilog="docs/flowcept.md says what is different from Flowcept's own command.",
        allow_abbrev=False,
    )
    parser.add_argument("--config-profile", metavar="NAME", help=f"one of {', '.join(PROFILES)}")
    parser.add_argument("-y", "--yes", action="store_true", help="asks nothing")
    group = parser.add_argument_group("commands")
    for name, (_, about) in sorted(COMMANDS.items()):
        group.add_argument(f"--{name}", action="store_true", help=about, dest=f"do {name}")
    for name, instead in sorted(ELSEWHERE.items()):
        group.add_argument(f"--{name}", action="store_true", help=f"not here; {instead}",
                           dest=f"do {name}")  # fmt: skip
    options = parser.add_argument_group("of commands")
    for name in _TEXTS:
        options.add_argument(f"--{name}", help=argparse.SUPPRESS)
    for name in _FLAGS:
        options.add_argument(f"--{name}", action="store_true", help=argparse.SUPPRESS)
    for name in ("keys-to-show", "consumers"):
        options.add_argument(f"--{name}", type=lambda text: text.split(","), help=argparse.SUPPRESS)
    options.add_argument("--limit", type=int, default=0, help=argparse.SUPPRESS)
    options.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options.add_argument("--command", action="store_true", help=argparse.SUPPRESS)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; gives the exit code: 0, 1 for an error, 2 for what is not here."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    asked = [name for name in (*COMMANDS, *ELSEWHERE) if getattr(arguments, f"do {name}")]
    try:
        if arguments.config_profile:
            return config_profile(arguments.config_profile, arguments.yes)
        if not asked:
            parser.print_help()
            return 0
        if len(asked) > 1:
            raise CommandError(f"one command at a time, not {', '.join(f'--{n}' for n in asked)}")
        (name,) = asked
        if name in ELSEWHERE:
            print(f"flowcept: --{name} is not part of this package; {ELSEWHERE[name]}",
                  file=sys.stderr)  # fmt: skip
            return 2
        return COMMANDS[name][0](arguments)
    except CommandError as error:
        print(f"flowcept: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read this has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
