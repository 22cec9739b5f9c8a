"""Publishes what was recorded on a Redis channel, and listens to one.

A thread of its own publishes, from the record, so the program never waits for the server: while
there is none, documents wait; what could not be published when the program ends waits in
`.headrace/flowcept_outbox` and goes out with the next program that publishes there. So does what a
program had recorded and not published when it was killed.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowcept import configs
from flowcept.buffer import Key
from flowcept.commons.daos.keyvalue_dao import KeyValueDAO
from flowcept.commons.daos.mq_dao.mq_dao_base import MQDao
from flowcept.commons.daos.mq_dao.outbox import Kept, Outbox
from flowcept.commons.daos.mq_dao.publication import Publication
from flowcept.commons.daos.redis_conn import RedisConn

# Of these the consumer removes an interceptor's id when its control message arrives.
STARTED = "started_mq_thread_execution"
PENDING = "pending_mq_flush_complete"
# How many messages wait in memory before they go to the outbox.
MOST_WAITING = 100_000
MOST_IN_ONE_PIPELINE = 10_000
# How long Redis remembers what a process that was killed has published.
MARKER_S = 30 * 86400

# A message, and the record that it comes from, where it is of one.
_Message = tuple[Key | None, bytes]


def _packed(document: dict[str, Any]) -> bytes:
    import msgpack  # type: ignore[import-untyped]

    return bytes(msgpack.dumps(document, default=_text_of))


def _text_of(value: Any) -> Any:
    """What MessagePack cannot say, as the nearest that it can."""
    if isinstance(value, set | frozenset):
        return list(value)
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    return str(value)


class _Channel:
    """The messages for one channel, of all interceptors of the process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: list[_Message] = []
        self.publication: Publication | None = None
        self.has_told_why = False
        self.users = 0
        self.stopping = threading.Event()
        self.thread: threading.Thread | None = None
        self.was_reached = True


class MQDaoRedis(MQDao):
    MESSAGE_TYPES_IGNORE = frozenset({"psubscribe", "subscribe", "pong"})
    MQ_THREAD_SET_ID = STARTED
    MQ_FLUSH_COMPLETE_SET_ID = PENDING
    _channel = _Channel()

    def __init__(self, adapter_settings: Any = None) -> None:
        super().__init__(adapter_settings)
        _needs_msgpack()
        self._keyvalue_dao = KeyValueDAO() if configs.KVDB_ENABLED else None
        if configs.MQ_SETTINGS.get("same_as_kvdb", False):
            if self._keyvalue_dao is None:
                raise ValueError(
                    "mq.same_as_kvdb is set, but kv_db.enabled is false: enable it, or give mq a "
                    "host and port of its own"
                )
            self._producer = self._keyvalue_dao.redis_conn
        else:
            self._producer = RedisConn.build_redis_conn_pool(
                configs.MQ_HOST, configs.MQ_PORT, configs.MQ_PASSWORD, configs.MQ_URI
            )
        self._consumer: Any = None

    # --- publishing ---

    def init_buffer(
        self,
        interceptor_instance_id: str,
        exec_bundle_id: str | None = None,
        check_safe_stops: bool = True,
    ) -> None:
        """Announces this interceptor to consumers and begins to publish."""
        if self.started:
            return
        self.started = True
        if check_safe_stops and self._keyvalue_dao is not None:
            self._try(lambda: self._announce(interceptor_instance_id, exec_bundle_id))
        channel = self._channel
        with channel.lock:
            channel.users += 1
            if channel.thread is None and configs.DB_FLUSH_MODE == "online":
                channel.stopping.clear()
                channel.thread = threading.Thread(
                    target=self._publish_now_and_then, name="flowcept-publish", daemon=True
                )
                channel.thread.start()
            if channel.publication is None and self.buffer is not None:
                self._try_file(lambda: self._begin_publication(self.buffer.since_ns))
            if check_safe_stops and channel.publication is not None:
                publication = channel.publication
                self._try_file(
                    lambda: publication.will_stop(interceptor_instance_id, exec_bundle_id)
                )

    def _begin_publication(self, since_ns: int) -> None:
        import headrace._capture

        producer = headrace._capture.producer()
        if producer is not None:
            self._channel.publication = Publication.begin(self.outbox().folder, producer, since_ns)

    def _announce(self, interceptor_instance_id: str, exec_bundle_id: str | None) -> None:
        if self._keyvalue_dao is None:
            return
        for name in (STARTED, PENDING):
            self._keyvalue_dao.add_key_into_set(
                KeyValueDAO.get_set_name(name, exec_bundle_id), interceptor_instance_id
            )

    def _publish_now_and_then(self) -> None:
        pause_s = float(configs.MQ_INSERTION_BUFFER_TIME or 1)
        while not self._channel.stopping.wait(pause_s):
            self.publish_new()

    def publish_new(self) -> bool:
        """Publishes what was recorded since the last time; False when the server is not there."""
        channel = self._channel
        with channel.lock:
            buffer = self.buffer
            if buffer is not None:
                channel.waiting.extend(self._packed_lines(buffer.new_lines()))
            return self._send_waiting()

    def publish_left(self) -> int:
        """Publishes what other processes left, and nothing else; how many messages. Raises what the
        package redis raises."""
        with self._channel.lock:
            return self._send_left()

    def bulk_publish(self, buffer: list[dict[str, Any]]) -> None:
        """Publishes documents, behind those that wait."""
        with self._channel.lock:
            self._channel.waiting.extend((None, message) for message in self._pack_all(buffer))
            if not self._send_waiting():
                self._keep_waiting()  # these are in no record

    def send_message(self, message: dict[str, Any], channel: str | None = None) -> None:
        """Publishes one message, behind those that wait."""
        self.bulk_publish([message])

    def _pack_all(self, documents: list[dict[str, Any]]) -> list[bytes]:
        packed = []
        for document in documents:
            try:
                packed.append(_packed(document))
            except Exception as error:
                # It is in the record all the same.
                self.logger.error(f"a document cannot be said in MessagePack: {error}")
        return packed

    def _packed_lines(self, lines: list[tuple[Key, bytes]]) -> list[_Message]:
        packed: list[_Message] = []
        for key, line in lines:
            packed.extend((key, message) for message in self._pack_all([json.loads(line)]))
        return packed

    def _send_waiting(self) -> bool:
        """With the lock. What others left goes first."""
        channel = self._channel
        try:
            if channel.waiting:
                self._send_left()
            self._send_messages(channel.waiting, channel.publication)
        except Exception as error:
            if channel.was_reached:
                channel.was_reached = False
                self.logger.error(
                    f"{self.address()} cannot be reached ({error}); documents wait, nothing is lost"
                )
            if len(channel.waiting) > MOST_WAITING:
                self._keep_waiting()
            return False
        channel.was_reached = True
        return True

    def _send_messages(self, messages: list[_Message], publication: Publication | None) -> None:
        """In one transaction for each so many, as consumers expect it; takes them off the list."""
        most = configs.MQ_CHUNK_SIZE if configs.MQ_CHUNK_SIZE > 1 else MOST_IN_ONE_PIPELINE
        while messages:
            now = messages[:most]
            if publication is not None:
                publication.sending([key for key, _ in now if key is not None])
            with self._producer.pipeline(transaction=True) as pipeline:
                for _, message in now:
                    pipeline.publish(configs.MQ_CHANNEL, message)
                if publication is not None:
                    pipeline.set(publication.marker, publication.number, ex=MARKER_S)
                pipeline.execute()
            del messages[:most]
            if publication is not None:
                publication.sent()

    def _send_left(self) -> int:
        """With the lock. What waits in the outbox, and what processes that were killed had recorded
        and not published."""
        count = 0
        outbox = self.outbox()
        for kept in outbox.take():
            with kept:
                messages = kept.messages[self._number_at(kept.marker) :]
                count += len(messages)
                self._send_kept(kept, messages)
        for publication in Publication.left(outbox.folder):
            try:
                found = self._rest_of(publication)
                if found is None:
                    publication.leave()
                    continue
                rest = self._packed_lines(found)
                count += len(rest)
                self._send_messages(rest, publication)
                self._send_messages(
                    [
                        (None, _packed(_control(info, *stop)))
                        for stop in publication.stops
                        for info in ("mq_flush_complete", "mq_dao_thread_stopped")
                    ],
                    publication,
                )
            except BaseException:
                publication.leave()
                raise
            self._producer.delete(publication.marker)
            publication.end()
        return count

    def _send_kept(self, kept: Kept, messages: list[bytes]) -> None:
        sent = len(kept.messages) - len(messages)
        for begin in range(0, len(messages), MOST_IN_ONE_PIPELINE):
            now = messages[begin : begin + MOST_IN_ONE_PIPELINE]
            sent += len(now)
            with self._producer.pipeline(transaction=True) as pipeline:
                for message in now:
                    pipeline.publish(configs.MQ_CHANNEL, message)
                pipeline.set(kept.marker, sent, ex=MARKER_S)
                pipeline.execute()
        kept.done()
        self._producer.delete(kept.marker)

    def _number_at(self, marker: str) -> int:
        return int(self._producer.get(marker) or 0)

    def _rest_of(self, publication: Publication) -> list[tuple[Key, bytes]] | None:
        """None: not now."""
        import headrace
        from headrace.store import StoreError

        directory = self._root()
        try:
            # What it left in its rings becomes files of the spool.
            headrace.open(directory).sql("SELECT 1")
        except StoreError as error:
            if not self._channel.has_told_why:
                self._channel.has_told_why = True
                self.logger.error(f"what a killed program had not published waits: {error}")
            return None
        return publication.rest(directory, lambda: self._number_at(publication.marker))

    def _keep_waiting(self) -> None:
        """With the lock. Moves what waits to the outbox."""
        channel = self._channel
        if not channel.waiting:
            return
        try:
            kept = self.outbox().keep([message for _, message in channel.waiting])
            if channel.publication is not None:
                channel.publication.kept([key for key, _ in channel.waiting if key is not None])
        except OSError as error:
            self.logger.error(
                f"{len(channel.waiting)} documents were not published and cannot be kept for "
                f"later: {error}; they are in the record"
            )
        else:
            self.logger.error(
                f"{len(channel.waiting)} documents wait in {kept} until {self.address()} is there"
            )
        channel.waiting.clear()

    def stop(
        self,
        interceptor_instance_id: str,
        check_safe_stops: bool = True,
        bundle_exec_id: str | None = None,
    ) -> None:
        """Publishes what is left and then says so to consumers."""
        if not self.started:
            return
        self.started = False
        channel = self._channel
        with channel.lock:
            channel.users -= 1
            is_last = channel.users == 0
            thread = channel.thread
            if is_last:
                channel.thread = None
                channel.stopping.set()
        if is_last and thread is not None:
            thread.join()
        self.publish_new()
        if check_safe_stops:
            self.bulk_publish(
                [
                    _control("mq_flush_complete", interceptor_instance_id, bundle_exec_id),
                    _control("mq_dao_thread_stopped", interceptor_instance_id, bundle_exec_id),
                ]
            )
        if is_last:
            with channel.lock:
                self._keep_waiting()
                publication, channel.publication = channel.publication, None
            if publication is not None:
                self._try_file(publication.end)
                if channel.was_reached:
                    self._try(lambda: self._producer.delete(publication.marker))

    def address(self) -> str:
        """Where it publishes, without a password."""
        return f"Redis at {configs.MQ_HOST}:{configs.MQ_PORT}, channel {configs.MQ_CHANNEL}"

    def outbox(self) -> Outbox:
        """What waits for this channel in the folder that records go to."""
        where = f"{configs.MQ_HOST}-{configs.MQ_PORT}-{configs.MQ_CHANNEL}"
        name = "".join(c if c.isalnum() or c in "-._" else "_" for c in where)
        return Outbox(Path(self._root()) / "flowcept_outbox" / name)

    @staticmethod
    def _root() -> str:
        """The folder that records go to; in a program that records nothing, would go to."""
        import headrace._capture

        if found := headrace._capture.directory():
            return found
        import headrace._query

        return headrace._query.find_directory()

    def _try_file(self, call: Callable[[], None]) -> None:
        """Without it nothing is lost but, if the program is killed, publishing the rest."""
        try:
            call()
        except OSError as error:
            self.logger.error(f"{self.outbox().folder}: {error}")

    # --- what producers and consumers agree by ---

    def _try(self, call: Callable[[], None]) -> bool:
        try:
            call()
        except Exception as error:
            self.logger.error(f"{self.address()}: {error}")
            return False
        return True

    def set_campaign_id(self, campaign_id: str | None = None) -> None:
        kept = self._keyvalue_dao
        if kept is not None and campaign_id is not None:
            self._try(lambda: kept.set_key_value("current_campaign_id", campaign_id))

    def delete_current_campaign_id(self) -> None:
        kept = self._keyvalue_dao
        if kept is not None:
            self._try(lambda: kept.delete_key("current_campaign_id"))

    def register_time_based_thread_end(
        self, interceptor_instance_id: str, exec_bundle_id: str | None = None
    ) -> None:
        self._remove(STARTED, interceptor_instance_id, exec_bundle_id)

    def register_flush_complete(
        self, interceptor_instance_id: str, exec_bundle_id: str | None = None
    ) -> None:
        self._remove(PENDING, interceptor_instance_id, exec_bundle_id)

    def _remove(self, set_id: str, key: str, exec_bundle_id: str | None) -> None:
        if self._keyvalue_dao is not None:
            self._keyvalue_dao.remove_key_from_set(
                KeyValueDAO.get_set_name(set_id, exec_bundle_id), key
            )

    def all_time_based_threads_ended(self, exec_bundle_id: str | None = None) -> bool:
        return self._is_empty(STARTED, exec_bundle_id)

    def all_flush_complete_received(self, exec_bundle_id: str | None = None) -> bool:
        return self._is_empty(PENDING, exec_bundle_id)

    def _is_empty(self, set_id: str, exec_bundle_id: str | None) -> bool:
        return self._keyvalue_dao is None or self._keyvalue_dao.set_is_empty(
            KeyValueDAO.get_set_name(set_id, exec_bundle_id)
        )

    def send_document_inserter_stop(self, exec_bundle_id: str | None = None) -> None:
        """Asks the consumer that was started for this bundle to end."""
        self.send_message(
            {
                "type": "flowcept_control",
                "info": "stop_document_inserter",
                "exec_bundle_id": exec_bundle_id,
            }
        )

    # --- listening ---

    def subscribe(self) -> None:
        import redis

        # Without a bound on how long nothing may be said: a channel may be silent for hours.
        kwargs = dict(self._producer.connection_pool.connection_kwargs, socket_timeout=None)
        client: Any = redis.Redis(**kwargs)
        self._consumer = client.pubsub()
        self._consumer.psubscribe(configs.MQ_CHANNEL)

    def unsubscribe(self) -> None:
        if self._consumer is not None:
            self._consumer.punsubscribe(configs.MQ_CHANNEL)

    def message_listener(self, message_handler: Callable[[dict[str, Any]], bool]) -> None:
        """Gives each message to `message_handler` until that returns False. What is no message is
        logged and passed over; when the server goes away, waits for it."""
        import msgpack
        import redis

        while True:
            try:
                for message in self._consumer.listen():
                    if not message or message["type"] in self.MESSAGE_TYPES_IGNORE:
                        continue
                    if not isinstance(message["data"], bytes):
                        continue
                    try:
                        document = msgpack.loads(message["data"], strict_map_key=False)
                        goes_on = message_handler(document)
                    except Exception as error:
                        self.logger.error(f"a message was passed over: {error}")
                        continue
                    if not goes_on:
                        return
                return  # unsubscribed
            except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
                self.logger.error(f"{self.address()}: {error}; waiting for it")
                time.sleep(1)
                self._try(self.subscribe)

    def liveness_test(self) -> bool:
        try:
            return bool(self._producer.ping())
        except Exception as error:
            self.logger.error(f"{self.address()}: {error}")
            return False


def _control(info: str, interceptor: str, bundle: str | None) -> dict[str, Any]:
    return {
        "type": "flowcept_control",
        "info": info,
        "interceptor_instance_id": interceptor,
        "exec_bundle_id": bundle,
    }


def _needs_msgpack() -> None:
    try:
        import msgpack  # noqa: F401
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "mq.enabled needs the package msgpack: pip install headrace[flowcept]", name="msgpack"
        ) from None
