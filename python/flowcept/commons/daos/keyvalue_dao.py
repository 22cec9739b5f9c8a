"""The keys that producers and consumers of a channel agree by: who has not flushed yet, and the
campaign of documents that name none."""

from __future__ import annotations

from typing import Any

from flowcept import configs
from flowcept.commons.daos.redis_conn import RedisConn
from flowcept.commons.flowcept_logger import FlowceptLogger


class KeyValueDAO:
    """One for the process. Its methods raise what the package redis raises."""

    _instance: KeyValueDAO | None = None
    redis_conn: Any
    logger: Any

    def __new__(cls, *args: Any, **kwargs: Any) -> KeyValueDAO:
        if cls._instance is None:
            made = super().__new__(cls)
            made.logger = FlowceptLogger()
            made.redis_conn = RedisConn.build_redis_conn_pool(
                configs.KVDB_HOST, configs.KVDB_PORT, configs.KVDB_PASSWORD, configs.KVDB_URI
            )
            cls._instance = made
        return cls._instance

    @staticmethod
    def get_set_name(set_id: str, exec_bundle_id: Any = None) -> str:
        return set_id if exec_bundle_id is None else f"{set_id}_{exec_bundle_id}"

    def delete_set(self, set_name: str) -> None:
        self.redis_conn.delete(set_name)

    def add_key_into_set(self, set_name: str, key: Any) -> None:
        self.redis_conn.sadd(set_name, key)

    def remove_key_from_set(self, set_name: str, key: Any) -> None:
        self.redis_conn.srem(set_name, key)

    def set_has_key(self, set_name: str, key: Any) -> bool:
        return bool(self.redis_conn.sismember(set_name, key))

    def set_count(self, set_name: str) -> int:
        return int(self.redis_conn.scard(set_name))

    def set_is_empty(self, set_name: str) -> bool:
        return self.set_count(set_name) == 0

    def delete_all_matching_sets(self, key_pattern: str) -> None:
        for name in self.redis_conn.keys(key_pattern):
            self.delete_set(name)

    def set_key_value(self, key: str, value: Any) -> None:
        self.redis_conn.set(key, value)

    def get_key(self, key: str) -> str | None:
        value = self.redis_conn.get(key)
        return value.decode() if value else None

    def delete_key(self, key: str) -> None:
        self.redis_conn.delete(key)

    def liveness_test(self) -> bool:
        try:
            return bool(self.redis_conn.ping())
        except Exception as error:
            self.logger.error(f"no Redis at {configs.KVDB_HOST}:{configs.KVDB_PORT}: {error}")
            return False
