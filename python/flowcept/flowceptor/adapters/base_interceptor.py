"""What adapters derive from: documents that it is given are recorded, and published where a broker
is set up."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flowcept import configs
from flowcept.commons.daos.mq_dao.mq_dao_base import MQDao
from flowcept.commons.flowcept_dataclasses.agent_object import AgentObject
from flowcept.commons.flowcept_dataclasses.blob_object import BlobObject
from flowcept.commons.flowcept_dataclasses.task_object import TaskObject
from flowcept.commons.flowcept_dataclasses.workflow_object import WorkflowObject
from flowcept.commons.flowcept_logger import FlowceptLogger


class BaseInterceptor:
    @staticmethod
    def build(kind: str) -> BaseInterceptor:
        """The interceptor of a kind: instrumentation, dask, dask_worker, mlflow, tensorboard."""
        if kind in ("instrumentation", "dask"):
            # Of Dask's client too: what the client does is save the workflow.
            from flowcept.flowceptor.adapters.instrumentation_interceptor import (
                InstrumentationInterceptor,
            )

            return InstrumentationInterceptor.get_instance()
        if kind == "dask_worker":
            from flowcept.flowceptor.adapters.dask.dask_interceptor import DaskWorkerInterceptor

            return DaskWorkerInterceptor()
        if kind == "mlflow":
            from flowcept.flowceptor.adapters.mlflow.mlflow_interceptor import MLFlowInterceptor

            return MLFlowInterceptor()
        if kind == "tensorboard":
            from flowcept.flowceptor.adapters.tensorboard.tensorboard_interceptor import (
                TensorboardInterceptor,
            )

            return TensorboardInterceptor()
        raise NotImplementedError(
            f"there is no interceptor {kind!r}; there are: instrumentation, dask, dask_worker, "
            "mlflow, tensorboard"
        )

    def __init__(self, plugin_key: str | None = None, kind: str | None = None) -> None:
        self.logger = FlowceptLogger()
        self.plugin_key = plugin_key
        self.settings: Any = None
        if plugin_key is not None:
            from flowcept.commons.settings_factory import get_settings

            self.settings = get_settings(plugin_key)
        self.kind = kind
        self.started = False
        self._mq_dao = MQDao.build(adapter_settings=self.settings)
        self._bundle_exec_id: str | None = None
        self._interceptor_instance_id = str(id(self))
        self._saved_workflows: set[str] = set()
        self._saved_agents: set[str] = set()
        self.telemetry_capture: Any = None
        if configs.TELEMETRY_ENABLED:
            from flowcept.flowceptor.telemetry_capture import TelemetryCapture

            self.telemetry_capture = TelemetryCapture()

    def prepare_task_msg(self, *args: Any, **kwargs: Any) -> TaskObject:
        raise NotImplementedError

    def observe(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError

    def callback(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError

    def start(self, bundle_exec_id: str | None, check_safe_stops: bool = True) -> BaseInterceptor:
        if not self.started:
            self._bundle_exec_id = bundle_exec_id
            self._mq_dao.init_buffer(
                self._interceptor_instance_id, bundle_exec_id, check_safe_stops
            )
            self.started = True
        return self

    def drain(self) -> None:
        """Takes in what still belongs to the workflow, before that ends."""

    def stop(self, check_safe_stops: bool = True) -> None:
        self._mq_dao.stop(
            interceptor_instance_id=self._interceptor_instance_id,
            check_safe_stops=check_safe_stops,
            bundle_exec_id=self._bundle_exec_id,
        )
        self.started = False

    def intercept(self, obj_msg: dict[str, Any]) -> None:
        """Records a document: a task, workflow, agent or object."""
        from flowcept import recording

        recording.record(obj_msg)

    def intercept_many(self, obj_messages: list[dict[str, Any]]) -> None:
        for message in obj_messages:
            self.intercept(message)

    def prepare_workflow(self, workflow_obj: WorkflowObject) -> None:
        """Fills in what is known of where the workflow runs, as the settings say."""
        workflow_obj.interceptor_ids = [self._interceptor_instance_id]
        if self.telemetry_capture and configs.TELEMETRY_CAPTURE.get("machine_info", False):
            machine = self.telemetry_capture.capture_machine_info()
            workflow_obj.machine_info = {
                **(workflow_obj.machine_info or {}),
                self._interceptor_instance_id: machine,
            }
        if configs.ENRICH_MESSAGES:
            workflow_obj.enrich(self.settings.key if self.settings else None)

    def send_workflow_message(self, workflow_obj: WorkflowObject) -> str | None:
        """Records a workflow, once for each id, which is drawn if there is none."""
        workflow_obj.workflow_id = workflow_obj.workflow_id or str(uuid4())
        if workflow_obj.workflow_id in self._saved_workflows:
            return None
        self._saved_workflows.add(workflow_obj.workflow_id)
        self.prepare_workflow(workflow_obj)
        self.intercept(workflow_obj.to_dict())
        return workflow_obj.workflow_id

    def send_agent_message(self, agent_obj: AgentObject) -> str | None:
        """Records an agent, once for each id, which is drawn if there is none."""
        agent_obj.agent_id = agent_obj.agent_id or str(uuid4())
        if agent_obj.agent_id in self._saved_agents:
            return None
        self._saved_agents.add(agent_obj.agent_id)
        if configs.ENRICH_MESSAGES:
            agent_obj.enrich()
        self.intercept(agent_obj.to_dict())
        return agent_obj.agent_id

    def send_object_message(self, blob_obj: BlobObject) -> None:
        """Tells of an object whose content is stored already."""
        self.intercept({**blob_obj.to_dict(), "type": "object"})
