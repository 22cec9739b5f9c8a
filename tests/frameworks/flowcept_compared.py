"""Two runs of one program, document by document and field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from flowcept_normal import Document, normal

# Different in each run of a program: that they are there is compared, and what they refer to.
OF_THE_RUN = {
    "task_id",
    "workflow_id",
    "group_id",
    "started_at",
    "ended_at",
    "registered_at",
    "hostname",
    "interceptor_ids",
}

# Sections of telemetry with an entry for each device.
OF_DEVICES = {"io_per_disk", "netio_per_interface"}


class Difference(NamedTuple):
    activity: str  # of a task, else the kind of document
    field: str  # "" where a document is in one run only
    theirs: Any
    ours: Any


def _name(document: Document) -> str:
    return str(document.get("activity_id") or document["type"])


def _places(value: Any, path: str) -> Iterator[str]:
    """What stands where, without the figures: of telemetry. One of each list is looked at."""
    if isinstance(value, dict):
        if path.rsplit(".", 1)[-1] in OF_DEVICES and value:
            # Which devices are shown differs; what is said of one does not.
            value = {"*": next(iter(value.values()))}
        for key, item in value.items():
            yield from _places(item, f"{path}.{key}")
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from _places(value[0], f"{path}[0]")
    else:
        yield path


def _groups(documents: list[Document]) -> dict[str, list[Document]]:
    """Documents by name, each name's in the order in which they began, else came."""
    parts: dict[tuple[str, Any], Document] = {}
    for number, raw in enumerate(documents):
        document = normal(raw)
        key = document.get(f"{document['type']}_id", number)
        parts.setdefault((document["type"], key), {}).update(document)
    out: dict[str, list[Document]] = {}
    for document in parts.values():
        out.setdefault(_name(document), []).append(document)
    for group in out.values():
        group.sort(key=lambda document: document.get("started_at", 0))
    return out


def _by_values(group: list[Document]) -> list[Document]:
    """In an order that threads do not change."""
    return sorted(group, key=lambda document: repr(sorted(document.get("used", {}).items())))


def _used(group: list[Document]) -> list[Any]:
    return [document.get("used") for document in group]


def _by_name(documents: list[Document]) -> dict[str, str]:
    """What an id stands for."""
    return {
        str(document[f"{kind}_id"]): f"{kind} {document.get('activity_id') or document.get('name')}"
        for document in map(normal, documents)
        for kind in ("task", "workflow", "agent")
        if document["type"] == kind and f"{kind}_id" in document
    }


def _fields(document: Document, names: dict[str, str]) -> Document:
    out: Document = {}
    for name, value in document.items():
        if name in OF_THE_RUN:
            out[name] = "there"
        elif name.startswith("telemetry_"):
            out |= dict.fromkeys(_places(value, name), "there")
        elif name == "parent_task_id":
            out[name] = names.get(str(value), value)
        else:
            out[name] = value
    return out


def differences(theirs: list[Document], ours: list[Document]) -> list[Difference]:
    """All of them; lists of equal documents give none."""
    out: list[Difference] = []
    their_groups, our_groups = _groups(theirs), _groups(ours)
    their_names, our_names = _by_name(theirs), _by_name(ours)
    for name in sorted(their_groups.keys() | our_groups.keys()):
        their_all, our_all = their_groups.get(name, []), our_groups.get(name, [])
        if _used(_by_values(their_all)) == _used(_by_values(our_all)):
            their_all, our_all = _by_values(their_all), _by_values(our_all)
        for i in range(max(len(their_all), len(our_all))):
            if i >= len(their_all) or i >= len(our_all):
                out.append(Difference(name, "", i < len(their_all), i < len(our_all)))
                continue
            their, our = _fields(their_all[i], their_names), _fields(our_all[i], our_names)
            out += [
                Difference(name, field, their.get(field), our.get(field))
                for field in sorted(their.keys() | our.keys())
                if their.get(field) != our.get(field)
            ]
    return out
