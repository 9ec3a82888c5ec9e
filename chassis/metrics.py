"""What a process counts, for Prometheus at `/metrics`. docs/operations.md says which question each one answers.

Labels are names out of the code and the contracts, never something that a person or a message brings along: their
number is bounded, and nothing personal is in them.
"""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
AGES = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)  # seconds

CALLS_ANSWERED = Histogram(
    "espace_rpc_answer_seconds",
    "Calls that this service answered: from the message's arrival to the reply",
    ("method", "outcome"),  # outcome: ok, unavailable, incident, or the code of the refusal
    buckets=FAST,
)
CALLS_MADE = Histogram(
    "espace_rpc_call_seconds",
    "Calls that this process made: from the request to the reply or the deadline",
    ("method", "outcome"),
    buckets=FAST,
)
EVENTS = Counter(
    "espace_events_total",
    "Events that were handled, known already (repeated), put off (retried) or given up (buried)",
    ("queue", "outcome"),
)
EVENT_SECONDS = Histogram("espace_event_handling_seconds", "One event or one batch, handled", ("queue",), buckets=FAST)
EVENT_AGE = Histogram(
    "espace_event_age_seconds", "From what an event tells of to its handling", ("queue",), buckets=AGES
)
CALLS_REFUSED = Counter(
    "espace_rpc_refused_total",
    "Calls refused before their method began: too late, no right, not of the contract's shape",
    ("queue", "outcome"),
)
REQUESTS_SET_ASIDE = Counter("espace_rpc_set_aside_total", "Requests that nobody could read or answer", ("queue",))
EVENTS_PUBLISHED = Counter("espace_outbox_published_total", "Events of the outbox that the broker has confirmed")
LOOP_FAILURES = Counter("espace_loop_failures_total", "Rounds of background work that ended with an error", ("loop",))
MAILS = Counter(
    "espace_mails_total",
    "Mails that the server took (sent), refused for good (bounced) or did not take now",
    ("outcome",),
)
FILES_SCANNED = Counter("espace_files_scanned_total", "Files that the scanner has judged, or could not", ("outcome",))

OUTBOX_WAITING = Gauge("espace_outbox_waiting", "Events committed and not yet confirmed by the broker")
OUTBOX_AGE = Gauge("espace_outbox_oldest_seconds", "Age of the oldest of them")
MAILS_WAITING = Gauge("espace_mails_waiting", "Mails that wait to be sent")
MAILS_AGE = Gauge("espace_mails_oldest_seconds", "Age of the oldest of them")
EXPORT_JOBS = Gauge("espace_export_jobs", "Export jobs kept, by state", ("state",))
EXPORT_AGE = Gauge("espace_export_jobs_oldest_seconds", "Age of the oldest export job that is not finished")
SCANS_WAITING = Gauge("espace_scans_waiting", "Files that no scanner has cleared yet")
SCANS_AGE = Gauge("espace_scans_oldest_seconds", "Age of the oldest of them")
QUEUE_MESSAGES = Gauge("espace_queue_messages", "Messages ready in a queue of this service", ("queue",))
QUEUE_AGE = Gauge(
    "espace_queue_not_empty_seconds",
    "How long a queue was never seen empty: the most that its oldest may wait",
    ("queue",),
)
DEAD_LETTERS = Gauge("espace_dead_letters", "Messages given up in a queue of dead letters", ("queue",))
DEPENDENCY_UP = Gauge("espace_dependency_up", "1 while a server that this process needs answers", ("dependency",))
HUB_GAP = Gauge("espace_hub_longest_gap_seconds", "The longest time that the event loop had no turn, of late")


def page() -> tuple[bytes, str]:
    """Everything counted so far, and its media type."""
    return generate_latest(), CONTENT_TYPE_LATEST
