"""Names of servers are resolved anew for each connection, while eventlet by itself keeps what it once was told."""

from eventlet.support import greendns


class _KeepsNothing(greendns.ResolverProxy):
    def clear(self) -> None:
        super().clear()
        self._resolver.cache = None


def resolve_anew() -> None:
    """For the start of a process.

    A server that is made anew has another address, and one that was not there yet had none. eventlet believes the first
    as long as the name server allows, ten minutes in Docker, and the second for up to a day.
    """
    greendns.resolver = _KeepsNothing(hosts_resolver=greendns.HostsResolver())
