"""The search in the address (S30)."""

from datetime import date

import pytest

from gateway.payment_search import active_filters, presets, read_search


def test_s30_criteria_combine() -> None:
    search = read_search({"du": "01/10/2019", "au": "31-12-19", "q": " 18rcdi ", "pointe": "non"})
    assert not search.errors
    assert search.criteria.model_dump(exclude_none=True) == {
        "paid_from": date(2019, 10, 1),
        "paid_to": date(2019, 12, 31),
        "text": "18rcdi",
        "ticked": False,
    }


def test_s30_the_worked_period_is_a_filter_of_its_own() -> None:
    search = read_search({"travaille_du": "2019-09-01", "travaille_au": "2019-09-30"})
    assert search.criteria.worked_from == date(2019, 9, 1)
    assert search.criteria.paid_from is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"du": "31/02/2019"}, "du"),
        ({"au": "demain"}, "au"),
        ({"du": "02/01/2020", "au": "01/01/2020"}, "au"),
        ({"travaille_du": "x"}, "travaille_du"),
        ({"du": "01/01/1900"}, "du"),
    ],
)
def test_faults_stand_beside_their_field_and_keep_what_was_typed(query: dict[str, str], field: str) -> None:
    search = read_search(query)
    assert list(search.errors) == [field]
    assert search.typed[field] == query[field]


def test_links_change_one_thing_and_keep_the_rest() -> None:
    search = read_search({"q": "19GE", "du": "01/10/2019"})
    assert search.link(pointe="non") == "/reglements?du=01%2F10%2F2019&q=19GE&pointe=non"
    assert search.link(du="", q="") == "/reglements"


def test_presets_cover_whole_months_and_mark_the_one_that_is_searched() -> None:
    search = read_search({"du": "01/01/2020", "au": "31/03/2020"})
    found = presets(search, date(2020, 2, 29))
    assert [one.label for one in found if one.current] == ["Ce trimestre"]
    links = {one.label: one.link for one in found}
    assert links["Ce mois-ci"] == "/reglements?du=01%2F02%2F2020&au=29%2F02%2F2020"
    assert links["Mois dernier"] == "/reglements?du=01%2F01%2F2020&au=31%2F01%2F2020"
    assert links["Cette année"] == "/reglements?du=01%2F01%2F2020&au=31%2F12%2F2020"
    assert links["Toutes les dates"] == "/reglements"


def test_active_filters_can_be_taken_away_one_by_one() -> None:
    filters = active_filters(read_search({"du": "01/10/2019", "q": "803455"}))
    assert [one.label.replace("\u00a0", " ") for one in filters] == ["Payé du 01/10/2019", "N° 803455"]
    assert [one.link for one in filters] == ["/reglements?q=803455", "/reglements?du=01%2F10%2F2019"]
