"""The document store that `Flowcept.db` asks. There is one kind, Headrace's folder."""

from __future__ import annotations

from typing import Any


class DocumentDBDAO:
    """What a document store answers; HeadraceDAO is the one there is."""

    _instance: DocumentDBDAO | None = None

    @staticmethod
    def get_instance(*args: Any, **kwargs: Any) -> DocumentDBDAO:
        """The store of this process. Settings that disable databases do not keep it from
        answering: there is nothing to connect to."""
        if DocumentDBDAO._instance is None:
            from flowcept.commons.daos.docdb_dao.headrace_dao import HeadraceDAO

            DocumentDBDAO._instance = HeadraceDAO()
        return DocumentDBDAO._instance

    build = get_instance

    def close(self) -> None:
        """Lets go of the instance. Between questions nothing is open."""
        if DocumentDBDAO._instance is self:
            DocumentDBDAO._instance = None
