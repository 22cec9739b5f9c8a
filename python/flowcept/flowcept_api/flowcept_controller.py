"""`Flowcept`: begins and ends a workflow, and hands out what was recorded in it."""

from __future__ import annotations

import json
from pathlib import Path
from time import time
from typing import Any
from uuid import uuid4

from headrace import _capture

from flowcept import configs, recording
from flowcept.buffer import Buffer
from flowcept.commons.flowcept_dataclasses.agent_object import AgentObject
from flowcept.commons.flowcept_dataclasses.workflow_object import WorkflowObject
from flowcept.commons.flowcept_logger import FlowceptLogger
from flowcept.commons.utils import (
    ClassProperty,
    buffer_to_disk,
    generate_pseudo_id,
    resolve_dump_buffer_path,
)
from flowcept.commons.vocabulary import Status
from flowcept.flowceptor.adapters.base_interceptor import BaseInterceptor


class Flowcept:
    """A workflow, from start() to stop() or as a `with` block.

    The class itself knows the current one: `Flowcept.current_workflow_id`, `Flowcept.campaign_id`,
    `Flowcept.buffer`, `Flowcept.is_started`. The first two stay after stop().
    """

    _db: Any = None
    current_workflow_id: str | None = None
    campaign_id: str | None = None
    buffer: Buffer | None = None
    is_started = False
    _current_instance: Flowcept | None = None

    @ClassProperty
    def db(cls) -> Any:
        """Questions to the store: flowcept.flowcept_api.db_api.DBAPI."""
        if cls._db is None:
            from flowcept.flowcept_api.db_api import DBAPI

            cls._db = DBAPI()
        return cls._db

    @staticmethod
    def get_current_instance() -> Flowcept | None:
        return Flowcept._current_instance

    def __init__(
        self,
        interceptors: list[str] | str | None = None,
        bundle_exec_id: str | None = None,
        campaign_id: str | None = None,
        workflow_id: str | None = None,
        workflow_name: str | None = None,
        workflow_description: str | None = None,
        workflow_subtype: str | None = None,
        workflow_args: dict[str, Any] | None = None,
        agent_id: str | None = None,
        agent_name: str | None = None,
        parent_workflow_id: str | None = None,
        start_persistence: bool = True,
        check_safe_stops: bool = True,
        save_workflow: bool = True,
        delete_buffer_file: bool | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Nothing is recorded before start(). `kwargs` are for adapters: `dask_client`."""
        self.logger = FlowceptLogger()
        configs.validate_config()
        if configs.MQ_ENABLED and check_safe_stops and not configs.KVDB_ENABLED:
            raise ValueError(
                "Invalid runtime configuration: check_safe_stops=True requires kv_db.enabled=true "
                "when mq.enabled is true. Enable kv_db (flowcept --config-profile full-online -y) "
                "or say Flowcept(check_safe_stops=False)."
            )
        self._enable_persistence = start_persistence
        self._check_safe_stops = check_safe_stops
        self._db_inserters: list[Any] = []
        self.buffer = None
        self.is_started = False
        self.args = args
        self.kwargs = kwargs

        self.enabled = True
        self._interceptors: list[str] | None = None
        if interceptors is None:
            if configs.INSTRUMENTATION_ENABLED:
                self._interceptors = ["instrumentation"]
            else:
                self.enabled = False
        else:
            self._interceptors = (
                list(interceptors) if isinstance(interceptors, list | tuple) else [interceptors]
            )
        self._interceptor_instances: list[BaseInterceptor] | None = None
        self._first_interceptor: BaseInterceptor | None = None
        self._should_save_workflow = save_workflow
        self._current_workflow_obj: WorkflowObject | None = None
        self._open_workflow: recording.OpenWorkflow | None = None

        self.current_workflow_id = workflow_id or str(uuid4())
        self.campaign_id = campaign_id or str(uuid4())
        self.bundle_exec_id = (
            self.current_workflow_id + generate_pseudo_id()
            if bundle_exec_id is None
            else str(bundle_exec_id)
        )
        self.workflow_name = workflow_name
        self.workflow_description = workflow_description
        self.workflow_subtype = workflow_subtype
        self.workflow_args = workflow_args
        self.parent_workflow_id = parent_workflow_id
        self.agent_id = agent_id
        self.agent_name = agent_name

        if configs.DELETE_BUFFER_FILE if delete_buffer_file is None else delete_buffer_file:
            Flowcept.delete_buffer_file()

    def start(self) -> Flowcept:
        """Begins the workflow. Does nothing when it runs already or instrumentation is off."""
        if self.is_started or not self.enabled:
            self.logger.warning("Flowcept runs already, or instrumentation is disabled.")
            return self
        if not self._interceptors:
            Flowcept.current_workflow_id = None
        else:
            Flowcept.campaign_id = self.campaign_id
            Flowcept.current_workflow_id = self.current_workflow_id
        _capture.set_flowcept(
            bool(configs.INSTRUMENTATION_ENABLED),
            Flowcept.current_workflow_id,
            Flowcept.campaign_id,
        )
        Flowcept.buffer = self.buffer = Buffer()
        self._interceptor_instances = [BaseInterceptor.build(k) for k in self._interceptors or []]
        if self._interceptor_instances:
            self._current_workflow_obj = self._workflow_object()
            if self._should_save_workflow:
                self._interceptor_instances[0].prepare_workflow(self._current_workflow_obj)
            self._open_workflow = recording.open_workflow(
                self._current_workflow_obj.to_dict(), is_told=self._should_save_workflow
            )
        for kind, interceptor in zip(
            self._interceptors or [], self._interceptor_instances, strict=True
        ):
            interceptor.start(
                bundle_exec_id=self.bundle_exec_id, check_safe_stops=self._check_safe_stops
            )
            if self._first_interceptor is None:
                self._first_interceptor = interceptor
                if self.agent_id is not None or self.agent_name is not None:
                    self.agent_id = self.save_agent(name=self.agent_name, agent_id=self.agent_id)
            if self._should_save_workflow and self._current_workflow_obj is not None:
                self.save_workflow(kind, interceptor)
        if configs.TELEMETRY_ENABLED:
            from flowcept.flowceptor import telemetry_sampling

            telemetry_sampling.begin()
        Flowcept._current_instance = self
        Flowcept.is_started = self.is_started = True
        return self

    def stop(self) -> None:
        """Ends the workflow; writes the buffer file and publishes where settings say so."""
        self._stop(Status.FINISHED, None)

    def _stop(self, status: Status, error: BaseException | None) -> None:
        if not self.is_started or not self.enabled:
            self.logger.warning("Flowcept is stopped already, or was never started.")
            return
        if configs.TELEMETRY_ENABLED:
            from flowcept.flowceptor import telemetry_sampling

            telemetry_sampling.end()
        for interceptor in self._interceptor_instances or []:
            interceptor.drain()
        if self._current_workflow_obj is not None:
            self._current_workflow_obj.ended_at = time()
            self._current_workflow_obj.status = status
        if self._open_workflow is not None:
            self._open_workflow.close(error)
            self._open_workflow = None
        if configs.DUMP_BUFFER_ENABLED and configs.DUMP_BUFFER_PATH is not None:
            self.dump_buffer()
        for interceptor in self._interceptor_instances or []:
            interceptor.stop(check_safe_stops=self._check_safe_stops)
        self._first_interceptor = None
        Flowcept.buffer = self.buffer = None
        Flowcept._db = None
        Flowcept._current_instance = None
        Flowcept.is_started = self.is_started = False

    def __enter__(self) -> Flowcept:
        return self.start()

    def __exit__(self, exc_type: Any, exc_val: BaseException | None, exc_tb: Any) -> None:
        self._stop(Status.FINISHED if exc_type is None else Status.ERROR, exc_val)

    # --- the workflow and its agents ---

    def _workflow_object(self) -> WorkflowObject:
        workflow = WorkflowObject(workflow_id=self.current_workflow_id)
        workflow.started_at = time()
        workflow.status = Status.RUNNING
        workflow.campaign_id = self.campaign_id
        workflow.parent_workflow_id = self.parent_workflow_id
        workflow.agent_id = self.agent_id
        workflow.name = self.workflow_name or None
        workflow.workflow_description = self.workflow_description or None
        workflow.subtype = self.workflow_subtype or None
        workflow.used = self.workflow_args or None
        return workflow

    def save_workflow(self, interceptor: str, interceptor_instance: BaseInterceptor) -> None:
        """Tells what is known of the workflow by now: the machine, the code, Dask's scheduler."""
        if self._current_workflow_obj is None:
            self._current_workflow_obj = self._workflow_object()
        workflow = self._current_workflow_obj
        workflow.agent_id = self.agent_id
        if interceptor == "dask":
            client = self.kwargs.get("dask_client")
            if client is None:
                raise ValueError("Flowcept('dask', dask_client=client): the client is missing")
            from flowcept.flowceptor.adapters.dask.dask_plugins import set_workflow_info_on_workers

            workers = dict(client.scheduler_info())
            workflow.adapter_id = "dask"
            workflow.custom_metadata = {"n_workers": len(workers["workers"]), "scheduler": workers}
            set_workflow_info_on_workers(client, workflow)
        if configs.KVDB_ENABLED:
            interceptor_instance._mq_dao.set_campaign_id(self.campaign_id)
        interceptor_instance.send_workflow_message(workflow)

    def save_agent(
        self,
        name: str | None = None,
        agent_id: str | None = None,
        workflow_id: str | None = None,
        campaign_id: str | None = None,
    ) -> str:
        """Records an agent of the workflow and campaign; gives its id, drawn if there is none."""
        if self._first_interceptor is None:
            raise RuntimeError("save_agent() needs a Flowcept that is started")
        agent = AgentObject(
            agent_id=agent_id or str(uuid4()),
            name=name,
            workflow_id=workflow_id or self.current_workflow_id,
            campaign_id=campaign_id or self.campaign_id,
        )
        self._first_interceptor.send_agent_message(agent)
        return str(agent.agent_id)

    # --- the buffer and its file ---

    def get_buffer(self, return_df: bool = False) -> Any:
        """The documents recorded since start(), as a list; or as a DataFrame with dotted columns
        (needs pandas)."""
        documents = None if self.buffer is None else self.buffer.documents()
        if not return_df:
            return documents
        return _pandas().json_normalize(documents or [], sep=".")

    def dump_buffer(self, path: str | None = None) -> None:
        """Appends the documents recorded since start() to a JSON lines file."""
        resolved = resolve_dump_buffer_path(
            path or configs.DUMP_BUFFER_PATH,
            self.current_workflow_id,
            configs.APPEND_WORKFLOW_ID_TO_PATH,
            configs.APPEND_ID_TO_PATH,
        )
        if self.buffer is None:
            return buffer_to_disk([], resolved, self.logger)
        with Path(resolved).open("ab") as file:
            file.writelines(self.buffer.lines())
        self.logger.info(f"Saved Flowcept buffer into {resolved}.")
        return None

    @staticmethod
    def read_buffer_file(
        file_path: str | None = None,
        return_df: bool = False,
        normalize_df: bool = False,
        consolidate: bool = False,
        workflow_id: str | None = None,
        cleanup_files: bool = True,
    ) -> Any:
        """The documents of a JSON lines file: a list, or a DataFrame (needs pandas).

        `consolidate` first joins the files that processes and threads wrote for `workflow_id`, and
        with `cleanup_files` removes the parts.
        """
        path = Path(file_path or configs.DUMP_BUFFER_PATH)
        if consolidate:
            if workflow_id is None:
                raise ValueError("workflow_id must be provided when consolidate=True.")
            path = Path(Flowcept._consolidate_buffer_file(str(path), workflow_id, cleanup_files))
        if not path.exists():
            raise FileNotFoundError(
                f"there is no Flowcept buffer file {str(path)!r}: is project.dump_buffer.enabled "
                "set, and was Flowcept started and stopped?"
            )
        if return_df and not normalize_df:
            return _pandas().read_json(path, lines=True)
        documents = []
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            if not line.strip():
                continue
            try:
                documents.append(json.loads(line))
            except ValueError as error:
                raise ValueError(f"{path}, line {number} is not JSON: {error}") from None
        return _pandas().json_normalize(documents, sep=".") if return_df else documents

    @staticmethod
    def _consolidate_buffer_file(path: str, workflow_id: str, cleanup_files: bool = True) -> str:
        base = Path(path)
        whole = base.with_name(f"{base.stem}_{workflow_id}{base.suffix}")
        parts = sorted(
            part
            for part in base.parent.iterdir()
            if part.name.startswith(f"{base.stem}_{workflow_id}")
            and part.suffix == base.suffix
            and part != whole
        )
        if not parts:
            if whole.exists():
                return str(whole)
            if base.exists():
                return str(base)
            raise FileNotFoundError(
                f"No buffer files found for workflow_id={workflow_id} at {base.parent}"
            )
        with whole.open("ab") as out:
            for part in parts:
                content = part.read_bytes()
                out.write(content if content.endswith(b"\n") or not content else content + b"\n")
        if cleanup_files:
            for part in parts:
                part.unlink(missing_ok=True)
        return str(whole)

    @staticmethod
    def delete_buffer_file(path: str | None = None) -> None:
        """Removes a buffer file, if it is there."""
        try:
            Path(path or configs.DUMP_BUFFER_PATH).unlink(missing_ok=True)
        except OSError as error:
            FlowceptLogger().error(f"Failed to delete buffer file: {error}")

    # --- objects ---

    @staticmethod
    def insert_or_update_object(
        object: Any,
        object_id: str | None = None,
        task_id: str | None = None,
        workflow_id: str | None = None,
        object_type: str | None = None,
        custom_metadata: dict[str, Any] | None = None,
        save_data_in_collection: bool = False,
        pickle: bool = False,
        control_version: bool = False,
        tags: list[str] | None = None,
    ) -> str:
        """Stores content as an object, of a new version with `control_version`; gives its id."""
        from flowcept.commons.flowcept_dataclasses.blob_object import BlobObject

        blob = Flowcept.db._insert_or_update_object(
            blob_obj=BlobObject(
                object_id=object_id,
                task_id=task_id,
                workflow_id=workflow_id or Flowcept.current_workflow_id,
                object_type=object_type,
                custom_metadata=custom_metadata,
                tags=tags,
            ),
            object=object,
            save_data_in_collection=save_data_in_collection,
            pickle=pickle,
            control_version=control_version,
        )
        return blob.object_id

    @staticmethod
    def insert_or_update_ml_model(object: Any, *args: Any, **kwargs: Any) -> str:
        """insert_or_update_object() of the type `ml_model`."""
        return Flowcept._insert_typed("ml_model", object, *args, **kwargs)

    @staticmethod
    def insert_or_update_dataset(object: Any, *args: Any, **kwargs: Any) -> str:
        """insert_or_update_object() of the type `dataset`."""
        return Flowcept._insert_typed("dataset", object, *args, **kwargs)

    @staticmethod
    def _insert_typed(
        object_type: str,
        object: Any,
        object_id: str | None = None,
        task_id: str | None = None,
        workflow_id: str | None = None,
        custom_metadata: dict[str, Any] | None = None,
        save_data_in_collection: bool = False,
        pickle: bool = False,
        control_version: bool = False,
        tags: list[str] | None = None,
    ) -> str:
        return Flowcept.insert_or_update_object(
            object,
            object_id,
            task_id,
            workflow_id,
            object_type,
            custom_metadata,
            save_data_in_collection,
            pickle,
            control_version,
            tags,
        )

    @staticmethod
    def insert_or_update_torch_model(
        model: Any,
        object_id: str | None = None,
        task_id: str | None = None,
        workflow_id: str | None = None,
        custom_metadata: dict[str, Any] | None = None,
        control_version: bool = False,
        save_profile: bool = True,
        tags: list[str] | None = None,
    ) -> str:
        """Stores a PyTorch model's state, and with `save_profile` what it is made of."""
        from flowcept.commons.flowcept_dataclasses.blob_object import BlobObject

        blob = Flowcept.db._insert_or_update_torch_model(
            model=model,
            blob_obj=BlobObject(
                object_id=object_id,
                task_id=task_id,
                workflow_id=workflow_id or Flowcept.current_workflow_id,
                custom_metadata=custom_metadata,
                tags=tags,
            ),
            control_version=control_version,
            save_profile=save_profile,
        )
        return blob.object_id

    # --- reports and services ---

    @staticmethod
    def generate_report(
        report_type: str = "workflow_card",
        format: str = "markdown",
        print_markdown: bool = False,
        output_path: str | None = None,
        input_jsonl_path: str | None = None,
        records: list[dict[str, Any]] | None = None,
        workflow_id: str | None = None,
        campaign_id: str | None = None,
    ) -> dict[str, Any]:
        """Writes a report of a workflow or campaign: flowcept.report.service."""
        from flowcept.report.service import generate_report

        return generate_report(
            report_type=report_type,
            format=format,
            print_markdown=print_markdown,
            output_path=output_path,
            input_jsonl_path=input_jsonl_path,
            records=records,
            workflow_id=workflow_id,
            campaign_id=campaign_id,
        )

    @staticmethod
    def services_status() -> dict[str, str]:
        """ "ok" or "unavailable" for each service that the settings enable."""
        answers: dict[str, bool] = {}
        if configs.MQ_ENABLED or configs.KVDB_ENABLED:
            from flowcept.commons.daos.mq_dao.mq_dao_base import MQDao

            answers["mq"] = MQDao.build().liveness_test()
        if configs.KVDB_ENABLED:
            from flowcept.commons.daos.keyvalue_dao import KeyValueDAO

            answers["kvdb"] = KeyValueDAO().liveness_test()
        if configs.DBS_ENABLED:
            answers.update(Flowcept.db.db_liveness_tests())
        if not configs.MQ_ENABLED:
            answers.pop("mq", None)
        return {name: "ok" if is_up else "unavailable" for name, is_up in answers.items()}

    @staticmethod
    def services_alive() -> bool:
        """Whether every enabled service answers."""
        return all(status == "ok" for status in Flowcept.services_status().values())

    @staticmethod
    def start_consumption_services(
        bundle_exec_id: str | None = None,
        check_safe_stops: bool = False,
        consumers: list[Any] | None = None,
    ) -> None:
        """Consumes the broker's channel into the store until it is told to stop."""
        if consumers is not None:
            raise NotImplementedError("there is one consumer: the one into the store")
        from flowcept.flowceptor.consumers.document_inserter import DocumentInserter

        DocumentInserter(check_safe_stops=check_safe_stops, bundle_exec_id=bundle_exec_id).start(
            threaded=False
        )


def _pandas() -> Any:
    try:
        import pandas
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "a DataFrame needs pandas: pip install pandas", name="pandas"
        ) from None
    return pandas
