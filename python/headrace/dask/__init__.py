"""Dask's tasks, as its scheduler knows them: keys, dependencies, workers, transfers, retries.

    import headrace as hr
    from dask.distributed import Client

    client = Client()
    hr.dask.watch(client)                  # before the work; nothing else changes

Every task that the cluster runs from then on is recorded, whoever submits it and however: submit,
map, delayed, bags, arrays, data frames. Dask is loaded when `watch` is called, not with headrace.
"""

from __future__ import annotations

from headrace.needed import needed

TYPE_CHECKING = False  # typing takes 20 ms to import
if TYPE_CHECKING:
    from typing import Any

    from headrace.dask.watching import Watch

__all__ = ["unwatch", "watch"]


def watch(client_or_cluster: Any) -> Watch:
    """Records the tasks of a Dask cluster from now on, those of workers that join later included.

    Takes a `distributed.Client` or a cluster such as `LocalCluster`. Tasks belong to the workflow
    and the task in which the client submitted them. Workers write to the client's folder where they
    see it, else to their own nearest `.headrace`. Each of them needs headrace.

    Gives what ends it: `.unwatch()`, or `with hr.dask.watch(client): ...`. A cluster that is
    watched already is watched anew. With an asynchronous client it is awaited:
    `await hr.dask.watch(client)`.

    Raises RuntimeError, and changes nothing, where this version of `distributed` is none that it
    works with or where headrace is missing on a worker; nothing is raised later.
    """
    needed("distributed", "hr.dask.watch")
    from headrace.dask.watching import begin

    watch: Watch = begin(client_or_cluster)
    return watch


def unwatch(client_or_cluster: Any) -> Any:
    """Ends the watch of a cluster; without one it does nothing. Awaited as `watch` is."""
    needed("distributed", "hr.dask.unwatch")
    from headrace.dask.watching import end

    return end(client_or_cluster)
