"""Query parameters: exactly those of the operation, or 400 with a helpful message."""

import pytest

from videosession.contract import queries
from videosession.errors import BadRequest


class Pages(queries.Query):
    limit = queries.WholeNumber(1, 200, load_default=50)


def read(query_string: bytes) -> dict:
    return queries.read(query_string, Pages())


@pytest.mark.parametrize(("sent", "limit"), [(b"", 50), (b"limit=1", 1), (b"limit=200", 200), (b"limit=%31", 1)])
def test_a_query_parameter_is_read_or_has_its_default(sent, limit):
    assert read(sent) == {"limit": limit}


@pytest.mark.parametrize(
    "sent",
    [
        b"limit=0",
        b"limit=201",
        b"limit=",
        b"limit",
        b"limit=1_0",
        b"limit=%EF%BC%91",
        b"limit=+5",
        b"limit=-1",
        b"limit=1.0",
    ]
    + [b"limit=" + b"9" * 5000],
)
def test_a_number_in_a_query_is_digits_within_bounds_and_is_never_clamped(sent):
    with pytest.raises(BadRequest, match="'limit': must be a whole number from 1 to 200"):
        read(sent)


def test_all_errors_of_a_query_are_reported_at_once():
    with pytest.raises(BadRequest) as caught:
        read(b"limit=5&limit=6&limits=7")
    assert "'limit': must be given only once" in caught.value.detail
    assert "'limits': is not a known parameter" in caught.value.detail


@pytest.mark.parametrize("query", ["videoId=", "videoId=&limit=0", "limit=0&cursor=!"])
def test_errors_of_a_query_are_reported_in_one_sentence(client, query):
    detail = client.get(f"/api/sessions?{query}").json["detail"]
    assert detail.count(".") == detail.endswith(".")


@pytest.mark.parametrize("sent", [b"limit=%FF", b"limit=\xff", b"%FF=1"])
def test_a_query_must_be_utf_8(sent):
    with pytest.raises(BadRequest, match="not UTF-8"):
        read(sent)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_operation_without_parameters_rejects_all_parameters(client, method):
    answer = client.request(method, f"/api/sessions/{client.new_session()}?every=1")
    assert answer.status_code == 400
    assert "'every': is not a known parameter" in answer.json["detail"]


def test_the_part_of_a_query_quoted_in_an_error_is_bounded():
    with pytest.raises(BadRequest) as refused:
        read(b"&".join(b"%d%s=1" % (number, b"x" * 5000) for number in range(150)))
    assert len(refused.value.detail) < 100 * 300
    assert refused.value.detail.endswith("; and 50 more.")
