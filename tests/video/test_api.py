"""Whole videos over HTTP: the published vectors, queries, plans and dashboards."""

import json
from functools import partial
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.client import Client
from videosession.services import services_of

FILMS = {film["name"]: film for film in json.loads((Path(__file__).parent / "vectors.json").read_text())["films"]}
DOORS = FILMS["two doors"]
# Events of the vectors lie in the past, and an open session is so by the service's clock: then it just has had one.
CASES = [each for each in DOORS["expected"] if "scope" not in each]


def tell(client, film, video_id="film-1"):
    """Store the sessions and the plan of a film."""
    for each in film["sessions"]:
        session = client.new_session(videoId=video_id, metadata=each["metadata"])
        if each["events"]:
            assert client.append(session, each["events"]).status_code == 201
    if "plan" in film:
        assert client.request("PUT", f"/api/videos/plan?videoId={video_id}", film["plan"]).status_code == 201


@pytest.fixture(scope="module")
def doors(shared_app):
    client = Client(shared_app, "doors")
    tell(client, DOORS)
    return client


@pytest.fixture
def app(shared_app):
    return shared_app


def ask(client, operation, **query):
    return client.get(f"/api/videos/{operation}?{urlencode({'videoId': 'film-1'} | query)}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['operation']} {case['query']}")
def test_a_video_has_the_expected_answers_over_http(doors, case):
    answer = ask(doors, case["operation"], **case["query"])
    assert answer.status_code == 200, answer.text
    assert answer.json == {"videoId": "film-1", "pending": 0} | case["answer"]


def test_an_answer_has_an_etag_and_is_not_sent_again(doors):
    first = ask(doors, "summary")
    assert first.headers["Vary"] == "Accept, Authorization"
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = doors.get("/api/videos/summary?videoId=film-1", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_an_answer_with_pending_sessions_has_no_etag(shared_app, monkeypatch):
    client = Client(shared_app, "pending")
    tell(client, DOORS)
    results = services_of(shared_app).videos.results
    with monkeypatch.context() as patch:
        patch.setattr(results, "_timer", partial(next, count(0, 10)))
        lacking = ask(client, "summary")
    assert lacking.json["pending"] == 5
    assert "ETag" not in lacking.headers
    whole = ask(client, "summary")
    assert (whole.json["pending"], "ETag" in whole.headers) == (0, True)


def test_videos_are_listed_latest_first_in_pages(shared_app):
    client = Client(shared_app, "lister")
    for video in ("a", "b/ü", "c", "a"):
        client.new_session(videoId=video)
    client.new_session()
    first = client.get("/api/videos?limit=2").json
    assert [(each["videoId"], each["sessions"]) for each in first["videos"]] == [("a", 2), ("c", 1)]
    second = client.get(f"/api/videos?limit=2&cursor={first['next']}").json
    assert [each["videoId"] for each in second["videos"]] == ["b/ü"]
    assert "next" not in second


REFUSED = {
    "no video": "summary?",
    "an empty video": "summary?videoId=",
    "twice": "summary?videoId=a&videoId=b",
    "unknown": "summary?videoId=a&more=1",
    "reversed": "summary?videoId=a&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
    "an empty step": "summary?videoId=a&metadata.=1",
    "a step with a dollar": "summary?videoId=a&metadata.$x=1",
    "metadata itself": "summary?videoId=a&metadata=1",
    "four filters": "summary?videoId=a&metadata.a=1&metadata.b=1&metadata.c=1&metadata.d=1",
    "three decimals": "summary?videoId=a&threshold=0.955",
    "a threshold above 1": "summary?videoId=a&threshold=1.01",
    "no codes": "summary?videoId=a&without=,",
    "narrow bins": "heatmap?videoId=a&binSeconds=0.05",
    "four decimals": "heatmap?videoId=a&binSeconds=0.1001",
    "an exponent": "heatmap?videoId=a&binSeconds=1e1",
    "per what": "heatmap?videoId=a&per=owner",
    "too many steps": "paths?videoId=a&steps=21",
    "no group": "comparison?videoId=a&by=metadata.variant&a=A",
    "no place": "comparison?videoId=a&by=variant&a=A&b=B",
    "a filter of the plan": "plan?videoId=a&metadata.a=1",
}


@pytest.mark.parametrize("path", REFUSED.values(), ids=REFUSED)
def test_an_invalid_query_of_a_video_is_rejected(client, path):
    assert client.get(f"/api/videos/{path}").status_code == 400


def test_a_bin_width_that_is_too_small_is_rejected_with_one_that_fits(shared_app):
    client = Client(shared_app, "narrow")
    client.request("PUT", "/api/videos/plan?videoId=film-1", {"nodes": [{"id": "a", "lengthSeconds": 10_001}]})
    answer = ask(client, "heatmap", binSeconds="5")
    assert answer.status_code == 400
    assert "the minimum is 6" in answer.json["detail"]
    assert len(ask(client, "heatmap", binSeconds="6").json["nodes"][0]["views"]) == 1667


def test_a_video_without_sessions_does_not_exist(doors, stranger):
    for operation in ("summary", "heatmap", "choices", "paths", "plan"):
        assert ask(stranger, operation).status_code == 404
    assert ask(doors, "summary", **{"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}).json["sessions"] == 0


def test_a_change_is_visible_at_once(shared_app):
    client = Client(shared_app, "changing")
    tell(client, FILMS["rewatching"])
    assert ask(client, "summary").json["views"] == 1
    session = client.new_session(videoId="film-1")
    client.append(session, FILMS["rewatching"]["sessions"][0]["events"])
    assert ask(client, "summary").json["views"] == 2
    client.request("PATCH", f"/api/sessions/{session}", {"videoId": "film-2"})
    assert ask(client, "summary").json["views"] == 1
    assert client.get("/api/videos/summary?videoId=film-2").json["views"] == 1
    client.delete(f"/api/sessions/{session}")
    assert client.get("/api/videos/summary?videoId=film-2").status_code == 404


def test_stored_results_are_in_no_answer(doors):
    ask(doors, "summary")
    listed = doors.get("/api/sessions").json["sessions"][0]
    whole = doors.get(f"/api/sessions/{listed['id']}").json
    assert {"result", "due", "owes"}.isdisjoint(listed.keys() | whole.keys())


# Plans


def test_a_plan_can_be_put_replaced_and_deleted(client):
    path = "/api/videos/plan?videoId=plan-1"
    put = client.request("PUT", path, DOORS["plan"])
    assert (put.status_code, put.json) == (201, DOORS["plan"])
    assert client.request("PUT", path, {"title": "Another"}).status_code == 200
    read = client.get(path)
    assert read.json == {"title": "Another"}
    tagged = {"If-Match": read.headers["ETag"]}
    assert client.request("PUT", path, {}, headers={"If-Match": put.headers["ETag"]}).status_code == 412
    assert client.request("PUT", path, {}, headers=tagged).status_code == 200
    assert client.delete(path, headers=tagged).status_code == 412
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == client.delete(path).status_code == 404


@pytest.mark.parametrize(
    ("plan", "pointer"),
    [
        ({"nodes": [{"id": "a"}, {"id": "a"}]}, "/nodes/1/id"),
        ({"nodes": [{"id": "a"}], "edges": [{"from": "a", "to": "b"}]}, "/edges/0/to"),
        ({"nodes": [{"title": "a"}]}, "/nodes/0/id"),
        ({"nodes": [{"id": "a", "lengthSeconds": 0}]}, "/nodes/0/lengthSeconds"),
        ({"nodes": [{"id": "a", "lengthSeconds": "1"}]}, "/nodes/0/lengthSeconds"),
        ({"more": 1}, "/more"),
        ({"nodes": [{"id": f"{place}", "title": "ü" * 200} for place in range(700)]}, ""),
    ],
)
def test_an_inconsistent_plan_is_rejected(client, plan, pointer):
    answer = client.request("PUT", "/api/videos/plan?videoId=plan-2", plan)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json["errors"]] == [pointer]


# Tokens of scope sessions:summary


@pytest.fixture(scope="module")
def dashboard(shared_app, doors):
    return Client(shared_app, "doors", scope="sessions:summary")


def test_a_dashboard_gets_no_figures_of_small_groups(dashboard):
    for operation in ("summary", "heatmap", "choices"):
        told = ask(dashboard, operation).json
        assert told == {"videoId": "film-1", "pending": 0, "suppressed": True, "smallestGroup": 5}
    assert ask(dashboard, "heatmap.csv").text.count("\r\n") == 1


@pytest.mark.parametrize("path", ["paths", "paths.csv", "comparison", "plan"])
def test_a_dashboard_has_no_access_to_paths_comparisons_plans_and_sessions(dashboard, path):
    assert dashboard.get(f"/api/videos/{path}?videoId=film-1").status_code == 403
    assert dashboard.get("/api/sessions").status_code == dashboard.get("/api/videos").status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-01-01T00:00:01Z"},
        {"to": "2026-01-01T00:00:00+01:00"},
        {"metadata.variant": "A"},
        {"without": "stalled"},
        {"threshold": "0.5"},
    ],
)
def test_a_dashboard_can_query_only_whole_days_without_filters(dashboard, query):
    assert ask(dashboard, "summary", **query).status_code == 400


def test_a_dashboard_can_use_only_the_standard_bin_widths(dashboard):
    assert ask(dashboard, "heatmap", binSeconds="7").status_code == 400
    assert ask(dashboard, "heatmap", binSeconds="5.0").status_code == 200
    assert ask(dashboard, "heatmap", per="session").status_code == 400


# Tables


def test_tables_are_csv(doors):
    heatmap = ask(doors, "heatmap.csv", binSeconds="5")
    assert heatmap.headers["Content-Type"] == "text/csv; charset=utf-8"
    lines = heatmap.text.split("\r\n")
    assert lines[0] == (
        "node,fromSeconds,toSeconds,views,sessions,rewatchers,watchedSeconds,uniqueSeconds,watchRatio,retention,"
        "retentionOfNode,exits,finishes,dropRate,seekFrom,seekTo,skipped"
    )
    assert lines[1] == "intro,0.0,5.0,6,4,2,26.0,20.0,1.3,1.0,1.0,0,0,0.0,0,1,0"
    accepted = doors.get("/api/videos/heatmap?videoId=film-1&binSeconds=5", headers={"Accept": "text/csv"})
    assert accepted.data == heatmap.data
    choices = ask(doors, "choices.csv").text.split("\r\n")
    assert choices[1] == "intro,5,4,4,1,3,left,L,choice,3,2,2,0.75,0.666667"
    assert choices[2] == "intro,5,4,4,1,3,left,,timeout,1,1,1,0.25,0.333333"
    assert ask(doors, "paths.csv").text.split("\r\n")[1] == '"[""intro"",""left""]",2,0.5'


def test_names_in_csv_are_not_interpreted_as_formulas(shared_app):
    client = Client(shared_app, "formula")
    client.request("PUT", "/api/videos/plan?videoId=film-1", {"nodes": [{"id": "=1+1"}, {"id": "'a"}]})
    rows = ask(client, "heatmap.csv").text.split("\r\n")[1:3]
    assert [row.split(",")[0] for row in rows] == ["''a", "'=1+1"]


def test_a_plan_is_removed_when_its_owner_is_purged(client, app):
    client.request("PUT", "/api/videos/plan?videoId=mine", {})
    Client(app, "zoe").request("PUT", "/api/videos/plan?videoId=mine", {})
    assert app.test_cli_runner().invoke(args=["purge", "--owner", "zoe"]).exit_code == 0
    assert Client(app, "zoe").get("/api/videos/plan?videoId=mine").status_code == 404
    assert client.get("/api/videos/plan?videoId=mine").status_code == 200
