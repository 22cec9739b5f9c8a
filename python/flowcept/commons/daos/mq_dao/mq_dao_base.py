"""What publishes documents on a broker. Without a broker this class itself, which publishes
nothing.

The documents come from what was recorded, so nothing is lost while a broker is away.
"""

from __future__ import annotations

from typing import Any

from flowcept import configs
from flowcept.commons.flowcept_logger import FlowceptLogger


class MQDao:
    @staticmethod
    def build(*args: Any, **kwargs: Any) -> MQDao:
        """The publisher that the settings name."""
        if not configs.MQ_ENABLED:
            return MQDao(*args, **kwargs)
        if configs.MQ_TYPE == "redis":
            from flowcept.commons.daos.mq_dao.mq_dao_redis import MQDaoRedis

            return MQDaoRedis(*args, **kwargs)
        raise NotImplementedError(
            f"mq.type {configs.MQ_TYPE!r} is not supported; redis is. Documents stay in .headrace "
            "and can be published later"
        )

    def __init__(self, adapter_settings: Any = None) -> None:
        self.logger = FlowceptLogger()
        self.started = False
        self._adapter_settings = adapter_settings

    @property
    def buffer(self) -> Any:
        """What is recorded since the controller started, as documents; None before."""
        from flowcept.flowcept_api.flowcept_controller import Flowcept

        return Flowcept.buffer

    def init_buffer(
        self,
        interceptor_instance_id: str,
        exec_bundle_id: str | None = None,
        check_safe_stops: bool = True,
    ) -> None:
        self.started = True

    def stop(
        self,
        interceptor_instance_id: str,
        check_safe_stops: bool = True,
        bundle_exec_id: str | None = None,
    ) -> None:
        self.started = False

    def set_campaign_id(self, campaign_id: str | None = None) -> None:
        """Tells consumers which campaign documents without one belong to."""

    def bulk_publish(self, buffer: list[dict[str, Any]]) -> None:
        """Publishes documents."""

    def liveness_test(self) -> bool:
        """Whether the broker answers."""
        return False
