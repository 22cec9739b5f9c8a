"""`Flowcept.db`: questions to the store, and what programs put into it themselves."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from flowcept.commons.daos.docdb_dao.docdb_dao_base import DocumentDBDAO
from flowcept.commons.flowcept_dataclasses.agent_object import AgentObject
from flowcept.commons.flowcept_dataclasses.blob_object import BlobObject
from flowcept.commons.flowcept_dataclasses.task_object import TaskObject
from flowcept.commons.flowcept_dataclasses.workflow_object import WorkflowObject
from flowcept.commons.flowcept_logger import FlowceptLogger

Document = dict[str, Any]
Filter = Mapping[str, Any]


class DBAPI:
    """Documents of the collections tasks, workflows, objects, object_history and agents.

    A filter is MongoDB's (docs/flowcept_db.md has the operators); times are seconds since the
    epoch. A question that means nothing gives [] (or None where it says so) and warns why.
    """

    ASCENDING = 1
    DESCENDING = -1

    def __init__(self) -> None:
        self.logger = FlowceptLogger()

    @classmethod
    def _dao(cls) -> Any:
        return DocumentDBDAO.get_instance(create_indices=False)

    @classmethod
    def get_dao_instance(cls) -> Any:
        """The document store itself, for what has no method here."""
        return cls._dao()

    def close(self) -> None:
        self._dao().close()

    def liveness_test(self) -> bool:
        """Whether the folder can be read and written."""
        return bool(self._dao().liveness_test())

    def db_liveness_tests(self) -> dict[str, bool]:
        """{name of each database that the settings enable: whether it answers}."""
        from flowcept import configs

        named = {"mongo": configs.MONGO_ENABLED, "lmdb": configs.LMDB_ENABLED}
        alive = self.liveness_test() if any(named.values()) else False
        return {name: alive for name, is_enabled in named.items() if is_enabled}

    # --- asking ---

    def query(
        self,
        filter: Filter | None = None,
        projection: Any = None,
        limit: int = 0,
        sort: Any = None,
        aggregation: Sequence[tuple[str, str]] | None = None,
        remove_json_unserializables: bool = True,
        collection: str = "tasks",
    ) -> list[Document]:
        """Documents that pass `filter`: of them the fields in `projection` (dotted), at most
        `limit` (0: all), by `sort` [(field, 1 or -1), ...]. `aggregation` [("avg", field), ...]
        gives a row for each value of the one field in `projection` instead."""
        return (
            self._dao().query(
                filter,
                projection,
                limit,
                sort,
                aggregation,
                remove_json_unserializables,
                collection,
            )
            or []
        )

    task_query = query  # the collection that is asked when none is named

    def workflow_query(self, filter: Filter | None = None) -> list[Document]:
        return self.query(filter, collection="workflows")

    def agent_query(self, filter: Filter | None = None) -> list[Document]:
        return self.query(filter, collection="agents")

    def blob_object_query(self, filter: Filter | None = None) -> list[Document]:
        """Objects in their last version."""
        return self.query(filter, collection="objects")

    def ml_model_query(self, filter: Filter | None = None) -> list[Document]:
        return self.blob_object_query(filter)

    def dataset_query(self, filter: Filter | None = None) -> list[Document]:
        return self.blob_object_query(filter)

    def get_tasks_from_current_workflow(self) -> list[Document]:
        from flowcept.flowcept_api.flowcept_controller import Flowcept

        return self.task_query(filter={"workflow_id": Flowcept.current_workflow_id})

    def get_workflow_object(self, workflow_id: str) -> WorkflowObject | None:
        found = self.workflow_query(filter={"workflow_id": workflow_id})
        return WorkflowObject.from_dict(found[0]) if found else None

    def get_agent_object(self, agent_id: str) -> AgentObject | None:
        found = self.agent_query(filter={"agent_id": agent_id})
        return AgentObject.from_dict(found[0]) if found else None

    def get_tasks_recursive(
        self, workflow_id: str, max_depth: int = 999, mapping: Mapping[str, Any] | None = None
    ) -> list[Document]:
        """The workflow's tasks, each followed by what ran in it, with `ancestor_ids` and `depth`;
        `mapping` adds `custom_characterization` (docs/flowcept_db.md)."""
        found: list[Document] = self._dao().get_tasks_recursive(workflow_id, max_depth, mapping)
        return found

    def dump_tasks_to_file_recursive(
        self,
        workflow_id: str,
        output_file: str = "tasks.parquet",
        max_depth: int = 999,
        mapping: Mapping[str, Any] | None = None,
    ) -> None:
        """get_tasks_recursive() as a Parquet file (needs pyarrow)."""
        self._dao().dump_tasks_to_file_recursive(workflow_id, output_file, max_depth, mapping)

    def dump_to_file(
        self,
        collection: str = "tasks",
        filter: Filter | None = None,
        output_file: str | None = None,
        export_format: str = "json",
        should_zip: bool = False,
    ) -> bool:
        """Writes tasks or workflows as JSON, or as a ZIP file with it; whether it did. Everything
        (no filter) is only written as ZIP."""
        if filter is None and not should_zip:
            self.logger.error("Everything is only dumped as a ZIP file: should_zip=True.")
            return False
        try:
            self._dao().dump_to_file(collection, filter, output_file, export_format, should_zip)
        except Exception as error:
            self.logger.exception(error)
            return False
        return True

    def to_df(self, collection: str = "tasks", filter: Filter | None = None) -> Any:
        """A pandas.DataFrame of tasks or workflows."""
        return self._dao().to_df(collection, filter)

    def task_summary(self, filter: Filter | None = None) -> Document:
        """{count, status_counts, activity_stats, time_range}; durations in seconds."""
        found: Document = self._dao().task_summary(filter)
        return found

    def derive_campaigns(self, campaign_id: str | None = None) -> list[Document]:
        """Campaigns with how many workflows and tasks they have, the latest first."""
        found: list[Document] = self._dao().derive_campaigns(campaign_id=campaign_id)
        return found

    def derive_agents(self, filter: Filter | None = None) -> list[Document]:
        """Agents that tasks name, with what those did."""
        found: list[Document] = self._dao().derive_agents(filter)
        return found

    def telemetry_timeseries(
        self,
        filter: Filter | None,
        fields: Sequence[str],
        x_field: str = "started_at",
        limit: int = 1000,
    ) -> list[Document]:
        """A row a task with each of the dotted `fields`, by `x_field`."""
        found: list[Document] = self._dao().telemetry_timeseries(
            filter, fields, x_field=x_field, limit=limit
        )
        return found

    def resolve_chart_data(self, data: Mapping[str, Any], context: Filter | None = None) -> Any:
        return self._dao().resolve_chart_data(data, context=context)

    # --- inserting ---

    def insert_or_update_task(self, task: TaskObject) -> Any:
        """Inserts a task; what is known of its task_id already stays where it says nothing."""
        return self._dao().insert_one_task(task.to_dict())

    def insert_or_update_workflow(self, workflow_obj: WorkflowObject) -> WorkflowObject | None:
        if workflow_obj.workflow_id is None:
            workflow_obj.workflow_id = str(uuid4())
        return workflow_obj if self._dao().insert_or_update_workflow(workflow_obj) else None

    def insert_or_update_agent(self, agent_obj: AgentObject) -> AgentObject | None:
        return agent_obj if self._dao().insert_or_update_agent(agent_obj) else None

    def save_workflow_domain_data_schema(
        self, workflow_id: str, snapshot: Mapping[str, Any]
    ) -> bool:
        fields = {"workflow_domain_data_schema": dict(snapshot)}
        return bool(self._dao().save_workflow_domain_data_schema(workflow_id, fields))

    def get_workflow_domain_data_schema(self, workflow_id: str) -> Any:
        found = self.workflow_query({"workflow_id": workflow_id})
        return found[0].get("workflow_domain_data_schema") if found else None

    # --- objects ---

    def get_blob_object(self, object_id: str, version: int | None = None) -> BlobObject:
        """An object with its content as `data`: the last version, or that one. ValueError where
        there is none."""
        return BlobObject.from_dict(
            self._dao().get_blob_object_doc(object_id=object_id, version=version)
        )

    def get_ml_model(self, object_id: str, version: int | None = None) -> BlobObject:
        return self.get_blob_object(object_id, version=version)

    def get_dataset(self, object_id: str, version: int | None = None) -> BlobObject:
        return self.get_blob_object(object_id, version=version)

    def get_object_history(self, object_id: str) -> list[Document]:
        """What is known of each version that is kept, the last first, without content."""
        found: list[Document] = self._dao().get_object_history(object_id)
        return found

    def list_object_versions(self, object_id: str) -> list[Document]:
        return self.get_object_history(object_id)

    def get_blob_fingerprint(self, object_id: str, version: int | None = None) -> Document:
        """Size and SHA-256 of a version's content."""
        document = self._dao().get_blob_object_metadata_doc(object_id=object_id, version=version)
        named = ("object_id", "version", "object_size_bytes", "data_sha256", "data_hash_algo")
        is_apart = "grid_fs_file_id" in document
        return {name: document.get(name) for name in named} | {
            "storage_type": "gridfs" if is_apart else "in_object"
        }

    def blob_objects_equal(
        self,
        object_id_a: str,
        object_id_b: str,
        version_a: int | None = None,
        version_b: int | None = None,
        fallback_to_payload: bool = False,
    ) -> bool:
        """Whether two versions have the same content, by hash. Every content has one, so that
        nothing is ever read for it."""
        a = self.get_blob_fingerprint(object_id_a, version_a)
        b = self.get_blob_fingerprint(object_id_b, version_b)
        return a["data_sha256"] is not None and a["data_sha256"] == b["data_sha256"]

    def _insert_or_update_object(
        self,
        blob_obj: BlobObject,
        object: Any,
        save_data_in_collection: bool = False,
        pickle: bool = False,
        control_version: bool = False,
    ) -> BlobObject:
        self._dao().save_or_update_object(
            blob_obj,
            object,
            save_data_in_collection=save_data_in_collection,
            pickle_=pickle,
            control_version=control_version,
        )
        self._tell(blob_obj)
        return blob_obj

    def _tell(self, blob_obj: BlobObject) -> None:
        """Puts what is known of an object, not its content, among the messages of the run."""
        from flowcept.flowcept_api.flowcept_controller import Flowcept

        if Flowcept.buffer is None or not hasattr(Flowcept.buffer, "append"):
            return
        document = self._dao().get_blob_object_metadata_doc(object_id=blob_obj.object_id)
        is_apart = "grid_fs_file_id" in document
        told = document | {"storage_type": "gridfs" if is_apart else "in_object", "type": "object"}
        Flowcept.buffer.append(told)

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
        """A next version with the same content and these facts. ValueError where there is no such
        object."""
        return str(
            self._dao().update_object_metadata(
                object_id=object_id,
                custom_metadata=custom_metadata,
                tags=tags,
                object_type=object_type,
                task_id=task_id,
                workflow_id=workflow_id,
                control_version=control_version,
            )
        )

    def _insert_or_update_torch_model(
        self,
        model: Any,
        blob_obj: BlobObject,
        control_version: bool = False,
        save_profile: bool = True,
    ) -> BlobObject:
        """Keeps a module's state_dict; its class and what it is made of go into custom_metadata."""
        import torch

        content = io.BytesIO()
        torch.save(model.state_dict(), content)
        facts = dict(blob_obj.custom_metadata or {})
        if save_profile:
            from flowcept.instrumentation.flowcept_torch import get_torch_model_profile

            facts["model_profile"] = get_torch_model_profile(model)
        facts["class"] = type(model).__name__
        blob_obj.custom_metadata = facts
        blob_obj.object_type = "ml_model"
        return self._insert_or_update_object(
            blob_obj=blob_obj, object=content.getvalue(), control_version=control_version
        )

    def load_torch_model(self, model: Any, object_id: str) -> Document:
        """Loads the last version's state into `model` (weights only: nothing in it can run), and
        leaves what is known of it in `model._flowcept_model_object`."""
        import torch

        document: Document = self._dao().get_blob_object_doc(object_id=object_id)
        state = torch.load(io.BytesIO(document["data"]), weights_only=True, map_location="cpu")
        model.load_state_dict(state)
        model._flowcept_model_object = {k: v for k, v in document.items() if k != "data"}
        return document

    # --- pages ---

    def save_node_positions(self, workflow_id: str, graph_type: str, positions: Any) -> bool:
        return bool(self._dao().save_node_positions(workflow_id, graph_type, positions))

    def get_node_positions(self, workflow_id: str, graph_type: str) -> Document:
        found: Document = self._dao().get_node_positions(workflow_id, graph_type)
        return found

    # --- deleting ---

    def delete_object_keys(self, key_name: str, keys_list: list[Any]) -> bool:
        return bool(self._dao().delete_object_keys(key_name, keys_list))

    def delete_workflow_data(self, workflow_id: str) -> Document:
        """Its tasks, objects and agents answer no more; how many of each."""
        found: Document = self._dao().delete_workflow_data(workflow_id)
        return found

    def delete_campaign_data(self, campaign_id: str) -> Document:
        found: Document = self._dao().delete_campaign_data(campaign_id)
        return found

    def delete_agents_with_filter(self, filter: Filter) -> bool:
        return bool(self._dao().delete_agents_with_filter(filter))
