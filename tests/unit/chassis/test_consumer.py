"""The connection that a process consumes on."""

from types import SimpleNamespace

import pytest

from chassis.bus.consumer import BusConsumer

NOBODY = "amqp://guest:guest@127.0.0.1:1/"


class Enough(Exception):
    """The broker has been away for long."""


def test_r06_a_broker_that_was_away_for_long_is_found_again_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda seconds: None)
    consumer = BusConsumer()
    consumer.container = SimpleNamespace(config={"AMQP_URI": NOBODY, "AMQP_SSL": None})

    def refused(exc: BaseException, interval: float) -> None:
        pauses.append(interval)
        if len(pauses) == 100:
            raise Enough

    monkeypatch.setattr(consumer, "on_connection_error", refused)
    with pytest.raises(Enough), consumer.establish_connection():
        pass
    assert pauses[0] < 1
    assert max(pauses) <= 3
