"""What the gateway counts besides its calls on the bus; labels are templates of routes, never addresses."""

from prometheus_client import Counter, Gauge, Histogram

from chassis.metrics import FAST

REQUESTS = Histogram(
    "espace_http_request_seconds",
    "Requests of people and programs, by the template of their route",
    ("method", "route", "status"),
    buckets=FAST,
)
REQUESTS_CROWDED = Counter("espace_http_requests_crowded", "Requests refused at once because too many were under way")
IN_FLIGHT = Gauge("espace_http_requests_in_flight", "Requests that are being answered")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNKNOWN = "(none)"  # no route: a wrong address must not become a label of its own
