"""Headrace's folder under the name of the embedded database that programs may ask for."""

from __future__ import annotations

from flowcept.commons.daos.docdb_dao.headrace_dao import HeadraceDAO


class LMDBDAO(HeadraceDAO):
    """The same as HeadraceDAO."""
