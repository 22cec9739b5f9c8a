"""Questions to a store. Use headrace.open()."""

from collections.abc import Iterator
from typing import Any

class Table:
    @property
    def columns(self) -> list[str]: ...
    @property
    def types(self) -> list[str]: ...
    @property
    def are_numbers(self) -> list[int]: ...
    def __len__(self) -> int: ...
    def batches(self) -> Iterator[list[tuple[Any, ...]]]: ...
    def column(self, column: int) -> list[Any]: ...
    def fixed_column(self, column: int) -> tuple[str, bytearray, bytearray | None] | None: ...
    def text_column(self, column: int) -> tuple[bytearray, list[str]] | None: ...
    def shown(self, limit: int) -> list[list[str]]: ...
    def text(self, limit: int) -> str: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...

class Intake:
    def __init__(
        self, directory: str, kind: str, identity: str, can_be_read_again: bool, /
    ) -> None: ...
    def position(self) -> bytes: ...
    def workflow(
        self,
        id: str,
        name: str,
        parent: str,
        campaign: str,
        begin_ns: int | None,
        end_ns: int | None,
        status: str,
        used: dict[str, Any],
        generated: dict[str, Any],
        tags: dict[str, Any],
        attributes: dict[str, Any],
        /,
    ) -> str: ...
    def task(
        self,
        id: str,
        activity: str,
        workflow: str,
        parent: str,
        begin_ns: int | None,
        end_ns: int | None,
        status: str,
        attempt: int,
        depends_on: list[str],
        used: dict[str, Any],
        generated: dict[str, Any],
        tags: dict[str, Any],
        attributes: dict[str, Any],
        error: list[str],
        host: str,
        agent: str,
        /,
    ) -> str: ...
    def object(
        self,
        id: str,
        kind: str,
        name: str,
        path: str,
        sha256: str,
        size_bytes: int | None,
        version: str,
        workflow: str,
        at_ns: int | None,
        attributes: dict[str, Any],
        /,
    ) -> bytes: ...
    def row(
        self, values: dict[str, Any], at_ns: int, task: str, workflow: str, step: int | None, /
    ) -> None: ...
    def line(self, text: str, at_ns: int, task: str, workflow: str, is_error: bool, /) -> None: ...
    def edge(
        self, task: str, object: str, generated: bool, name: str, inferred: bool, /
    ) -> None: ...
    def quarantine(self, piece: bytes, reason: str, /) -> None: ...
    def commit(self, position: str, /) -> None: ...
    def report(self) -> dict[str, int]: ...
    def close(self) -> None: ...

def set_error_classes(classes: tuple[type, ...]) -> None: ...
def find_directory() -> str: ...
def sql(root: str, text: str) -> Table: ...
def select(root: str, question: str) -> Table: ...
def stream(root: str, question: str) -> object: ...
def count(root: str, question: str) -> int: ...
def select_sql(root: str, question: str, text: str) -> Table: ...
def find(root: str, view: str, question: str) -> Table: ...
def follow(
    root: str, question: str, mark: str, own_host: str, own_pid: int
) -> tuple[Table, bool, str, bool]: ...
def complete(
    root: str, view: str, text: str, at: int, limit: int
) -> tuple[int, int, list[tuple[str, str]]]: ...
def lineage(
    root: str, what: str, here: str, ahead: bool, depth: int, only_path: str, inferred: bool
) -> tuple[str, dict[str, Any]]: ...
def diff(
    root: str, a: str, b: str, here: str, all: bool, test: str
) -> tuple[str, dict[str, Any], bool]: ...
def tradeoff(
    root: str,
    campaign: str,
    quality: str,
    cost: str,
    minimise: bool | None,
    activity: str,
    objectives: list[tuple[str, bool | None]],
    target: str,
    paired: str,
) -> tuple[Table, dict[str, Any], Table, Table, Table]: ...
def marginal(
    root: str,
    campaign: str,
    quality: str,
    minimise: bool | None,
    activity: str,
    per: float,
    most_j: float | None,
) -> tuple[str, dict[str, Any], Table]: ...
def thermal(
    root: str, what: str, here: str, above_c: float, activity: str, points: int
) -> tuple[str, dict[str, Any], Table, Table]: ...
def phases(
    root: str, what: str, here: str, gpu_below: float, node_above_w: float
) -> tuple[str, dict[str, Any], Table]: ...
def regret(
    root: str,
    campaign: str,
    metric: str,
    minimise: bool | None,
    activity: str,
    rules: list[str],
    grace: int | None,
    every: int | None,
    patience: int | None,
    eta: float | None,
) -> tuple[Table, str, dict[str, Any], Table, Table]: ...
def summary(root: str, what: str, here: str, sql: bool) -> tuple[str, dict[str, Any]]: ...
def energy(
    root: str,
    what: str,
    here: str,
    idle: str,
    carbon: str,
    region: str,
    kind: str,
    pue: float,
) -> tuple[str, dict[str, Any]]: ...
def critical_path(root: str, workflow: str, here: str) -> tuple[str, dict[str, Any]]: ...
def ask_energy(
    root: str,
    about: str,
    what: str,
    here: str,
    activity: str,
    task: str,
    least: float,
    against: str,
    other: str,
) -> tuple[str, dict[str, Any]]: ...
def stragglers(root: str, workflow: str, here: str, deviations: float) -> Table: ...
def reproduce(root: str, workflow: str, here: str) -> tuple[str, dict[str, Any]]: ...
def show(root: str, what: str, here: str) -> dict[str, Any]: ...
def report(root: str, what: str, against: str, most_tasks: int, made_by: str) -> str: ...
def card(root: str, what: str, made_by: str) -> str: ...
def timeline(
    root: str, what: str, from_s: float | None, until_s: float | None, width: int, lanes: int
) -> tuple[str, dict[str, Any]]: ...
def graph(root: str, workflow: str, level: str) -> tuple[str, dict[str, Any]]: ...
def view_page(json: str) -> str: ...
