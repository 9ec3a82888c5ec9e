"""A mailed link, by the hash of its token."""

from espace_contracts.rpc import Request
from espace_contracts.types import TokenHash


class LinkToken(Request):
    """The link that was followed, by the hash of its token."""

    token_hash: TokenHash
