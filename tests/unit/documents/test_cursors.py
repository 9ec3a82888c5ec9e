"""Positions in lists: they read back, and what nobody wrote is refused."""

import base64
import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from espace_contracts.errors import InvalidRequest
from hypothesis import example, given
from hypothesis import strategies as st

from services.documents import cursors


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_the_position_of_a_document_reads_back(moment: datetime, document_id: UUID) -> None:
    assert cursors.read_moment(cursors.write(moment, document_id)) == (moment, document_id)


@given(st.dates())
def test_the_position_of_a_dossier_reads_back(day: date) -> None:
    assert cursors.read_day(cursors.write(day, "19GE00565")) == (day, "19GE00565")


def test_no_cursor_is_the_beginning() -> None:
    assert cursors.read_moment(None) is None
    assert cursors.read_day(None) is None


def as_cursor(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode()


@given(st.text(max_size=60))
@example(as_cursor(["2026-01-05", "19GE\x00565"]))
@example(as_cursor(["2026-01-05"]))
@example(as_cursor([["2026-01-05"], "19GE00565"]))
@example(as_cursor({"first": "2026-01-05"}))
@example(base64.urlsafe_b64encode(b"[" * 100_000).decode())
def test_a_foreign_cursor_is_an_invalid_request(cursor: str) -> None:
    for read in (cursors.read_moment, cursors.read_day):
        with pytest.raises(InvalidRequest):
            read(cursor)
