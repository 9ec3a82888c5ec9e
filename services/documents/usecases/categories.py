"""Which kinds of documents there are."""

from collections.abc import Mapping

from espace_contracts import documents as api
from espace_contracts.errors import InvalidRequest
from sqlalchemy import Connection

from services.documents.store import categories as store


def list_categories(connection: Connection, request: api.ListCategories) -> api.Categories:
    """The categories that may be chosen, in the order of the page (S37)."""
    retired = store.retired_categories(connection)
    chosen = (
        category
        for category in store.read_categories(connection).values()
        if category.key not in retired and (request.depositor is None or request.depositor in category.depositors)
    )
    return api.Categories(categories=tuple(chosen))


def open_category(connection: Connection, key: str) -> api.Category:
    """A category that may be chosen. Raises InvalidRequest for an unknown or retired one."""
    category = store.read_categories(connection).get(key)
    if category is None or key in store.retired_categories(connection):
        raise InvalidRequest("no such category", "category")
    return category


def attachments_of(connection: Connection, key: str) -> tuple[str, ...]:
    """Names of the files that a PDF of this category may carry."""
    return store.read_categories(connection)[key].attachments


def hidden_keys(categories: Mapping[str, api.Category], *, show: bool) -> tuple[str, ...]:
    """Keys of the categories that exist only in the dossier (S51), unless they are to be shown."""
    return () if show else tuple(category.key for category in categories.values() if category.dossier_only)
