"""Headrace's folder under the name of the document database that programs may ask for."""

from __future__ import annotations

from flowcept.commons.daos.docdb_dao.headrace_dao import HeadraceDAO


class MongoDBDAO(HeadraceDAO):
    """The same as HeadraceDAO."""
