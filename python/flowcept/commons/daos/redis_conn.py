"""Connections to a Redis server that give up in time, so that no program waits for one."""

from __future__ import annotations

from typing import Any

CONNECT_S = 2.0
ANSWER_S = 5.0


class RedisConn:
    @staticmethod
    def build_redis_conn_pool(
        host: str, port: int, password: str | None = None, uri: str | None = None
    ) -> Any:
        """A redis.Redis over a pool; connects when it is first used. A `uri` goes before the rest.

        Raises ModuleNotFoundError where the package `redis` is missing.
        """
        try:
            import redis
        except ModuleNotFoundError:
            raise ModuleNotFoundError(
                "mq.enabled and kv_db.enabled need the package redis: "
                "pip install headrace[flowcept]",
                name="redis",
            ) from None
        options: dict[str, Any] = {
            "socket_connect_timeout": CONNECT_S,
            "socket_timeout": ANSWER_S,
            "socket_keepalive": True,
            "retry_on_timeout": False,
        }
        if uri:
            return redis.Redis.from_url(uri, **options)
        return redis.Redis(host=host, port=int(port), db=0, password=password, **options)
