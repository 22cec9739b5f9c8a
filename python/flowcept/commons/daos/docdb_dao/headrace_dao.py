"""Headrace's folder as a document store.

Every method that asks flushes what this process recorded first, so that a program finds what it
did a moment ago. Mistakes in filters raise FilterError (a ValueError); what Headrace cannot read
raises headrace.store.StoreError. `query` and its kin answer None instead, with the reason in the
log, as callers of such a store expect.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flowcept.commons.daos.docdb_dao.docdb_dao_base import DocumentDBDAO
from flowcept.commons.flowcept_logger import FlowceptLogger
from flowcept.store import asking, finding, groups, kept, objects, recursion, summaries, writing
from flowcept.store.matching import Document, FilterError
from flowcept.store.values import plain

# Of these a dump or a frame is made.
TABLES = ("tasks", "workflows")


class HeadraceDAO(DocumentDBDAO):
    """Tasks, workflows, objects, their history and agents of the folder that is recorded into."""

    def __init__(self, create_indices: bool = True) -> None:
        self.logger = FlowceptLogger()
        self._initialized = True

    def liveness_test(self) -> bool:
        """Whether the folder can be read and written, or made."""
        folder = Path(asking.root())
        try:
            folder.mkdir(parents=True, exist_ok=True)
            asking.count("tasks", {})
        except Exception as error:
            self.logger.error(f"{folder} does not answer: {error}")
            return False
        return True

    def _tried(self, what: str, ask: Callable[[], Any], otherwise: Any) -> Any:
        """The answer; `otherwise`, and the reason in the log and as a warning, where there is
        none."""
        from headrace.store import StoreError

        try:
            return ask()
        except (FilterError, StoreError, OSError) as error:
            self.logger.exception(error)
            _warn(f"{what}: {error}")
            return otherwise

    # --- asking ---

    def query(
        self,
        filter: Mapping[str, Any] | None = None,
        projection: Any = None,
        limit: int = 0,
        sort: Any = None,
        aggregation: Sequence[tuple[str, str]] | None = None,
        remove_json_unserializables: bool = True,
        collection: str = "tasks",
    ) -> list[Document] | None:
        """Documents of a collection; None when they cannot be told."""
        if collection not in finding.COLLECTIONS:
            known = ", ".join(finding.COLLECTIONS)
            raise ValueError(f"there is no collection {collection!r}; there are {known}")
        if collection != "tasks" or aggregation is None:
            return self._find(collection, filter, projection, limit, sort)

        def ask() -> list[Document]:
            order = finding.sort_of(sort)
            return groups.aggregate(filter, projection, order, limit or 0, aggregation)

        found: list[Document] | None = self._tried("tasks cannot be told", ask, None)
        return found

    task_query = query  # the collection that is asked when none is named

    def _find(
        self,
        collection: str,
        filter: Mapping[str, Any] | None,
        projection: Any,
        limit: int,
        sort: Any,
    ) -> list[Document] | None:
        def ask() -> list[Document]:
            return finding.find(collection, filter, projection, sort, limit or 0)

        found: list[Document] | None = self._tried(f"{collection} cannot be told", ask, None)
        return found

    def workflow_query(
        self,
        filter: Mapping[str, Any] | None = None,
        projection: Any = None,
        limit: int = 0,
        sort: Any = None,
        remove_json_unserializables: bool = True,
    ) -> list[Document] | None:
        return self._find("workflows", filter, projection, limit, sort)

    def agent_query(
        self,
        filter: Mapping[str, Any] | None = None,
        projection: Any = None,
        limit: int = 0,
        sort: Any = None,
        remove_json_unserializables: bool = True,
    ) -> list[Document] | None:
        return self._find("agents", filter, projection, limit, sort)

    def object_query(
        self,
        filter: Mapping[str, Any] | None = None,
        projection: Any = None,
        limit: int = 0,
        sort: Any = None,
    ) -> list[Document] | None:
        return self._find("objects", filter, projection, limit, sort)

    def raw_pipeline(
        self, pipeline: Sequence[Mapping[str, Any]], collection: str = "tasks"
    ) -> list[Document] | None:
        """A pipeline of the stages that store/groups.py has."""
        found: list[Document] | None = self._tried(
            "the pipeline cannot be run", lambda: groups.pipeline(pipeline, collection), None
        )
        return found

    def raw_task_pipeline(self, pipeline: Sequence[Mapping[str, Any]]) -> list[Document] | None:
        return self.raw_pipeline(pipeline)

    def count_tasks(self) -> int:
        return finding.count("tasks")

    def count_workflows(self) -> int:
        return finding.count("workflows")

    def count_objects(self) -> int:
        return finding.count("objects")

    def get_db_stats(self) -> Document:
        """How many documents of each kind, and the bytes of the store's file."""
        store = Path(asking.root()) / "store.duckdb"
        counts = {name: finding.count(name) for name in finding.COLLECTIONS}
        return {"collections": counts, "store_bytes": store.stat().st_size if store.exists() else 0}

    def to_df(self, collection: str = "tasks", filter: Mapping[str, Any] | None = None) -> Any:
        """A pandas.DataFrame of tasks or workflows (needs pandas)."""
        from headrace.needed import needed

        self._check_table(collection)
        return needed("pandas", "to_df()").DataFrame(finding.find(collection, filter))

    @staticmethod
    def _check_table(collection: str) -> None:
        if collection not in TABLES:
            raise ValueError(f"{collection!r} is no table here; there are {', '.join(TABLES)}")

    def dump_to_file(
        self,
        collection_name: str = "tasks",
        filter: Mapping[str, Any] | None = None,
        output_file: str | None = None,
        export_format: str = "json",
        should_zip: bool = False,
    ) -> None:
        """Writes documents as a JSON list, with `should_zip` as dump_file.json in a ZIP file; or as
        csv or parquet, dicts as JSON text."""
        from flowcept.commons.utils import get_utc_now_str

        self._check_table(collection_name)
        if export_format not in ("json", "csv", "parquet"):
            raise ValueError(f"a dump is json, csv or parquet, not {export_format}")
        if export_format != "json":
            output_file = output_file or f"docs_dump_{collection_name}.{export_format}"
            write = recursion.write_csv if export_format == "csv" else recursion.write_parquet
            return write(finding.find(collection_name, filter), output_file)
        if output_file is None:
            ending = ".zip" if should_zip else ".json"
            output_file = f"docs_dump_{collection_name}_{get_utc_now_str()}{ending}"
        text = json.dumps(finding.find(collection_name, filter))
        if not should_zip:
            Path(output_file).write_text(text, encoding="utf-8")
            return None
        with zipfile.ZipFile(output_file, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("dump_file.json", text)
        return None

    def get_tasks_recursive(
        self, workflow_id: str, max_depth: int = 999, mapping: Mapping[str, Any] | None = None
    ) -> list[Document]:
        return recursion.tasks_of(workflow_id, max_depth, mapping)

    def dump_tasks_to_file_recursive(
        self,
        workflow_id: str,
        output_file: str = "tasks.parquet",
        max_depth: int = 999,
        mapping: Mapping[str, Any] | None = None,
    ) -> None:
        recursion.write_parquet(recursion.tasks_of(workflow_id, max_depth, mapping), output_file)

    def task_summary(self, filter: Mapping[str, Any] | None) -> Document:
        return summaries.of_tasks(filter)

    def derive_campaigns(self, campaign_id: str | None = None) -> list[Document]:
        return summaries.campaigns(campaign_id)

    def derive_agents(self, filter: Mapping[str, Any] | None = None) -> list[Document]:
        return summaries.acting(filter)

    def telemetry_timeseries(
        self,
        filter: Mapping[str, Any] | None,
        fields: Sequence[str],
        x_field: str = "started_at",
        limit: int = 1000,
    ) -> list[Document]:
        return summaries.series(filter, list(fields), x_field, limit)

    def resolve_chart_data(
        self, data: Mapping[str, Any], context: Mapping[str, Any] | None = None
    ) -> Document:
        from flowcept.store import charts

        return charts.rows_of(data, context)

    # --- inserting ---

    def insert_one_task(self, task_dict: Mapping[str, Any]) -> str | None:
        self.insert_and_update_many_tasks([task_dict])
        return task_dict.get("task_id")

    def insert_and_update_many_tasks(
        self, doc_list: Sequence[Mapping[str, Any]], indexing_key: str | None = None
    ) -> bool:
        """Inserts tasks; of those with the same `indexing_key` (task_id) one remains, which says
        what all of them said."""
        if not doc_list:
            return False
        writing.insert_tasks(doc_list, indexing_key or "task_id")
        return True

    def insert_or_update_workflow(self, workflow_obj: Any) -> bool:
        document = workflow_obj.to_dict()
        if document.get("workflow_id") is None:
            self.logger.error("The workflow identifier cannot be none.")
            return False
        writing.insert_workflow(document)
        return True

    def save_workflow_domain_data_schema(self, workflow_id: str, fields: Mapping[str, Any]) -> bool:
        if workflow_id is None:
            self.logger.error("The workflow identifier cannot be none.")
            return False
        writing.insert_workflow({"workflow_id": workflow_id, **fields})
        return True

    def insert_or_update_agent(self, agent_obj: Any) -> bool:
        document = agent_obj.to_dict()
        if document.get("agent_id") is None:
            self.logger.error("The agent identifier cannot be none.")
            return False
        writing.insert_agent(document)
        return True

    # --- deleting ---

    def _deleted(self, collection: str, key: str, values: Any) -> bool:
        each = values if isinstance(values, list) else [values]
        writing.delete(collection, {key: {"$in": each}})
        return True

    def delete_task_ids(self, ids_list: Any) -> bool:
        return self._deleted("tasks", "task_id", ids_list)

    def delete_task_keys(self, key_name: str, keys_list: Any) -> bool:
        return self._deleted("tasks", key_name, keys_list)

    def delete_workflow_keys(self, key_name: str, keys_list: Any) -> bool:
        return self._deleted("workflows", key_name, keys_list)

    def delete_object_keys(self, key_name: str, keys_list: Any) -> bool:
        return self._deleted("objects", key_name, keys_list)

    def delete_tasks_with_filter(self, filter: Mapping[str, Any]) -> bool:
        writing.delete("tasks", filter)
        return True

    def delete_agents_with_filter(self, filter: Mapping[str, Any]) -> bool:
        writing.delete("agents", filter)
        return True

    def delete_workflow_data(self, workflow_id: str) -> Document:
        """How many workflows, tasks, objects and agents answer no more."""
        return writing.delete_of_workflows([workflow_id])

    def delete_campaign_data(self, campaign_id: str) -> Document:
        found = finding.find("workflows", {"campaign_id": campaign_id}, ["workflow_id"])
        return writing.delete_of_workflows([one["workflow_id"] for one in found])

    # --- objects ---

    def save_or_update_object(
        self,
        blob_obj: Any,
        object: Any,
        save_data_in_collection: bool = False,
        pickle_: bool = False,
        control_version: bool = False,
    ) -> str:
        """Keeps `object` as the next version of blob_obj.object_id, drawn if there is none; fills
        in blob_obj's object_id, version and times."""
        from flowcept.configs import FLOWCEPT_USER

        named = ("object_id", "task_id", "workflow_id", "object_type", "custom_metadata", "tags",
                 "created_at")  # fmt: skip
        fields = {name: getattr(blob_obj, name, None) for name in named}
        if fields["custom_metadata"] is not None:
            fields["custom_metadata"] = plain(fields["custom_metadata"])
        if fields["tags"] is not None:
            fields["tags"] = list(fields["tags"])
        document = objects.save(
            fields,
            object,
            in_object=save_data_in_collection,
            pickled=pickle_,
            control_version=control_version,
            user=str(FLOWCEPT_USER),
        )
        for name in ("object_id", "version", "created_at", "updated_at"):
            setattr(blob_obj, name, document[name])
        return str(document["object_id"])

    def update_object_metadata(
        self,
        object_id: str,
        custom_metadata: Mapping[str, Any] | None = None,
        tags: Sequence[str] | None = None,
        object_type: str | None = None,
        task_id: str | None = None,
        workflow_id: str | None = None,
        control_version: bool = True,
    ) -> str:
        """A next version with the same content. ValueError when there is no such object."""
        from flowcept.configs import FLOWCEPT_USER

        if object_id is None:
            raise ValueError("object_id must not be None.")
        told: dict[str, Any] = {
            "custom_metadata": None if custom_metadata is None else plain(custom_metadata),
            "tags": None if tags is None else list(tags),
            "object_type": object_type,
            "task_id": task_id,
            "workflow_id": workflow_id,
        }
        if any(value is not None for value in told.values()):
            objects.update(
                object_id, told, control_version=control_version, user=str(FLOWCEPT_USER)
            )
        return object_id

    def get_file_data(self, file_id: Any) -> Any:
        """The content that `grid_fs_file_id` names; None where it is not there."""
        try:
            return objects.payload(str(file_id))
        except objects.ObjectError as error:
            self.logger.error(str(error))
            return None

    def get_blob_object_doc(self, object_id: str, version: int | None = None) -> Document:
        return objects.with_payload(objects.version_row(object_id, version))

    def get_blob_object_metadata_doc(self, object_id: str, version: int | None = None) -> Document:
        return objects.document_of(objects.version_row(object_id, version), with_data=False)

    def get_object_history(self, object_id: str) -> list[Document]:
        return objects.versions(object_id)

    def list_object_versions(self, object_id: str) -> list[Document]:
        return objects.versions(object_id)

    # --- pages ---

    def save_dashboard(self, dashboard: Mapping[str, Any]) -> bool:
        kept.keep("dashboard", str(dashboard["dashboard_id"]), dict(dashboard))
        return True

    def get_dashboard(self, dashboard_id: str) -> Document | None:
        return next(iter(kept.read("dashboard", dashboard_id)), None)

    def list_dashboards(self, filter: Mapping[str, Any] | None = None) -> list[Document]:
        from flowcept.store.matching import matcher

        passes = matcher(filter)
        return [document for document in kept.read("dashboard") if passes(document)]

    def delete_dashboard(self, dashboard_id: str) -> bool:
        return kept.forget("dashboard", dashboard_id) > 0

    def save_node_positions(
        self, workflow_id: str, graph_type: str, positions: Mapping[str, Any]
    ) -> bool:
        kept.keep("node_positions", f"{workflow_id} {graph_type}", dict(positions))
        return True

    def get_node_positions(self, workflow_id: str, graph_type: str) -> Document:
        return next(iter(kept.read("node_positions", f"{workflow_id} {graph_type}")), {})


def _warn(message: str) -> None:
    import warnings

    warnings.warn(f"flowcept: {message}", RuntimeWarning, stacklevel=5)
