"""A watch of a Dask cluster: what begins and ends it, on the client's side."""

from __future__ import annotations

import inspect
import pkgutil
from typing import Any

import distributed

from headrace import object as record_object
from headrace.adapters import ensure_workflow, flush, is_capturing, place
from headrace.dask import joining, places, scheduling, versions
from headrace.dask.plugins import NAME, WatchedWorker

_Client: Any = distributed.Client
_ASKED = "headrace.dask.versions:PROBLEM"

watches: dict[str, Watch] = {}  # by the scheduler's id


class Watch:
    """Of one cluster. `notes` say what cannot be seen of it."""

    def __init__(self, client: Any, closes_client: bool) -> None:
        self._client = client
        self._closes_client = closes_client
        self._address = ""
        self.scheduler_id = ""
        self.notes: list[str] = []
        self.is_watching = False

    async def _begin(self) -> Watch:
        client = self._client
        if not is_capturing():
            self.notes.append("capture is off (HEADRACE_DISABLED)")
            return self
        identity = await _awaited(client.scheduler.identity())
        await self._check()
        self.scheduler_id = str(identity["id"])
        if (before := watches.get(self.scheduler_id)) is not None:
            await before._end()
        self._address = client.scheduler.address
        workers = identity["workers"]
        ensure_workflow()
        record_object(
            self._address,
            kind="dask cluster",
            version=self.scheduler_id,
            workers=len(workers),
            threads=sum(worker["nthreads"] for worker in workers.values()),
            distributed=versions.VERSION,
        )
        flush()  # the folder is there before a worker looks for it
        about = (self.scheduler_id, place(), joining.told_here())
        await _awaited(client.run_on_scheduler(scheduling.begin, *about[1:]))
        await _awaited(client.register_plugin(WatchedWorker(*about), name=NAME))
        places.begin(self._address, about[1])
        watches[self.scheduler_id] = self
        self.is_watching = True
        return self

    async def _check(self) -> None:
        answers = {"the scheduler": await self._asked(self._client.run_on_scheduler)}
        answers |= await self._asked(self._client.run, on_error="return") or {}
        for machine, answer in answers.items():
            name = machine if machine == "the scheduler" else f"worker {machine}"
            if isinstance(answer, ImportError):
                raise RuntimeError(
                    f"hr.dask.watch needs headrace on every machine, and {name} has none "
                    f"({answer}): pip install headrace there"
                )
            if answer:
                raise RuntimeError(f"{name}: {answer}")

    @staticmethod
    async def _asked(run: Any, **options: Any) -> Any:
        try:
            return await _awaited(run(pkgutil.resolve_name, _ASKED, **options))
        except ImportError as error:
            return error

    async def _end(self) -> None:
        if not self.is_watching:
            return
        self.is_watching = False
        watches.pop(self.scheduler_id, None)
        places.end(self._address)
        try:
            await _awaited(self._client.unregister_worker_plugin(NAME))
            await _awaited(self._client.run_on_scheduler(scheduling.end))
        except (OSError, ValueError) as error:
            self.notes.append(f"the cluster was gone before its watch: {error}")
        if self._closes_client:
            await _awaited(self._client.close())

    def unwatch(self) -> Any:
        """Nothing more is recorded, and Dask is as it was. Awaited where the client is
        asynchronous."""
        if self._client.status == "closed":
            return _end_closed(self)
        return self._client.sync(self._end)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *error: object) -> None:
        self.unwatch()


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _end_closed(watch: Watch) -> None:
    if watch.is_watching:
        watch.is_watching = False
        watches.pop(watch.scheduler_id, None)
        places.end(watch._address)


def _client_of(client_or_cluster: Any) -> tuple[Any, bool]:
    if isinstance(client_or_cluster, _Client):
        return client_or_cluster, False
    if not hasattr(client_or_cluster, "scheduler_address"):
        raise TypeError(
            "hr.dask.watch takes a distributed.Client or a cluster, not "
            f"{type(client_or_cluster).__name__}"
        )
    return _Client(client_or_cluster, set_as_default=False), True


def begin(client_or_cluster: Any) -> Any:
    """`watch` with what it needs here."""
    if versions.PROBLEM:
        raise RuntimeError(versions.PROBLEM)
    client, is_ours = _client_of(client_or_cluster)
    watch = Watch(client, is_ours)
    try:
        return client.sync(watch._begin)
    except BaseException:
        if is_ours:
            client.close()
        raise


def end(client_or_cluster: Any) -> Any:
    """`unwatch`."""
    address = (
        getattr(client_or_cluster, "scheduler_address", None) or client_or_cluster.scheduler.address
    )
    for watch in list(watches.values()):
        if watch._address == address:
            return watch.unwatch()
    return None
