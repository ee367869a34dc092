"""The OpenAPI document: complete, valid, made from the schemas that validate. See described.py for the answers."""

import json

import jsonschema_rs
import pytest
from flask import Response
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests import described
from tests.service import SECRET
from videosession.app import create_app
from videosession.contract import generators, openapi

METHODS = ("get", "post", "patch", "delete", "put")
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in described.document()["paths"].items()
    for method, operation in operations.items()
}
SCHEMAS = described.document()["components"]["schemas"]


@pytest.fixture
def app(shared_app):
    return shared_app


def references(part):
    """Yield all references in a part of the document."""
    if isinstance(part, dict):
        yield from [part["$ref"]] if "$ref" in part else []
        part = list(part.values())
    for inner in part if isinstance(part, list) else []:
        yield from references(inner)


def test_the_openapi_document_is_served_as_generated(client):
    answer = client.get("/openapi.json")
    assert answer.json == generators.readable(described.document())
    assert answer.json["openapi"].startswith("3.1")


def test_the_served_openapi_document_is_valid(client):
    OpenAPIV31SpecValidator(client.get("/openapi.json").json).validate()


def test_the_variant_for_client_generators_avoids_what_they_cannot_read(client):
    told = client.get("/openapi.json").json
    assert told["components"]["schemas"]["JSONValue"].keys() == {"description"}
    for name in ("NewSession", "NewEvent", "NewPlayerToken"):
        assert not any("default" in field for field in told["components"]["schemas"][name]["properties"].values())
    operations = [operation for each in told["paths"].values() for operation in each.values()]
    queried = [parameter["schema"] for operation in operations for parameter in operation["parameters"]]
    assert not [schema for schema in queried if schema["type"] == "string" and "default" in schema]
    timeline = told["paths"]["/api/sessions/{sessionId}/timeline"]["get"]["responses"]["200"]
    assert list(timeline["content"]) == ["application/json"]
    assert all("security" in operation for operation in operations)


def test_the_openapi_document_describes_every_route_and_nothing_else(app):
    routes = {f"{method} {openapi.path(rule)}" for rule in app.url_map.iter_rules() for method in rule.methods} - {
        f"{method} {openapi.path(rule)}" for rule in app.url_map.iter_rules() for method in ("HEAD", "OPTIONS")
    }
    assert set(OPERATIONS) == routes


def test_metrics_are_described_only_if_they_are_enabled():
    settings = {"JWT_SECRET": SECRET, "MONGODB_URI": "mongodb://localhost"}
    whole = openapi.describe(create_app(settings | {"METRICS_TOKEN": "m" * 32}))
    assert whole["paths"].keys() - described.document()["paths"].keys() == {"/metrics"}
    assert whole["paths"]["/metrics"]["get"]["security"] == [{"metricsToken": []}]


def test_every_reference_in_the_openapi_document_resolves():
    for reference in set(references(described.document())):
        part = described.document()
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]


def test_every_schema_is_a_valid_json_schema():
    for name in SCHEMAS:
        jsonschema_rs.meta.validate({"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}})


@pytest.mark.parametrize("name", [name for name, schema in SCHEMAS.items() if "examples" in schema])
def test_every_example_matches_its_schema(name):
    whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    for example in SCHEMAS[name]["examples"]:
        jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(example)


def test_every_request_and_response_schema_has_an_example():
    shown = {name for name in SCHEMAS if "examples" in SCHEMAS[name]}
    for operation in OPERATIONS.values():
        used = {*references(operation.get("requestBody", {})), *references(operation["responses"])}
        without = {each.rpartition("/")[2] for each in used if "/schemas/" in each} - shown
        assert without == set(), "give these schemas an `example`"


@pytest.mark.parametrize("path", ["/api/sessions", "/api/sessions/{sessionId}", "/api/sessions/{sessionId}/events"])
def test_operations_that_need_a_token_name_its_scope_and_the_error_statuses(path):
    for method, operation in described.document()["paths"][path].items():
        scope = "sessions:read" if method == "get" else "sessions:write"
        assert operation["security"] == [{"token": [scope]}]
        assert {"401", "403", "503"} <= operation["responses"].keys()


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_a_summary_and_lists_each_parameter_once(name):
    operation = OPERATIONS[name]
    assert operation["summary"], f"give the view of {name} a docstring: it is the summary"
    parameters = [(parameter["in"], parameter["name"]) for parameter in operation["parameters"]]
    assert len(set(parameters)) == len(parameters)
    assert {place for place, _ in parameters} <= {"path", "query", "header"}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_has_a_description_and_a_type(name):
    fields = SCHEMAS[name].get("properties", {})
    undescribed = [field for field, schema in fields.items() if "description" not in schema and "$ref" not in schema]
    assert undescribed == [], f'give these fields of {name} metadata={{"description": "…"}}'
    assert [field for field, schema in fields.items() if not {"type", "$ref", "anyOf", "allOf"} & schema.keys()] == []


def test_described_bounds_are_those_that_are_validated():
    new_session, new_event = SCHEMAS["NewSession"]["properties"], SCHEMAS["NewEvent"]["properties"]
    assert (new_session["title"]["minLength"], new_session["title"]["maxLength"]) == (1, 200)
    assert new_event["type"]["maxLength"] == 100
    assert SCHEMAS["NewSession"]["additionalProperties"] is False
    [array] = [
        each
        for each in OPERATIONS["POST /api/sessions/{sessionId}/events"]["requestBody"]["content"]["application/json"][
            "schema"
        ]["anyOf"]
        if each.get("type") == "array"
    ]
    assert (array["minItems"], array["maxItems"]) == (1, 1000)


QUERIED = [
    (f"{name} {parameter['name']}", parameter["schema"])
    for name, operation in OPERATIONS.items()
    for parameter in operation["parameters"]
    if parameter["in"] == "query"
]


@pytest.mark.parametrize("schema", [schema for _, schema in QUERIED], ids=[name for name, _ in QUERIED])
def test_every_query_parameter_has_a_type_and_numbers_have_bounds(schema):
    assert schema["type"] in ("string", "number", "integer")
    assert schema["type"] == "string" or {"minimum", "maximum"} <= schema.keys()


def test_the_length_of_a_plans_node_is_described_as_greater_than_zero():
    assert SCHEMAS["PlanNode"]["properties"]["lengthSeconds"]["exclusiveMinimum"] == 0


NOT_AS_DESCRIBED = {
    "an unknown status": {"status": 418},
    "another media type": {"mimetype": "text/plain"},
    "an unknown field": {"content": {"message": "Gone.", "more": 1}},
    "a missing field": {"content": {}},
    "a header that is not described": {"headers": {"Location": "/"}},
}


@pytest.mark.parametrize("wrong", NOT_AS_DESCRIBED.values(), ids=NOT_AS_DESCRIBED)
def test_an_answer_that_contradicts_the_openapi_document_fails_the_test(app, client, monkeypatch, wrong):
    def instead(**_) -> Response:
        content = json.dumps(wrong.get("content", {"message": "Gone."}))
        options = {"status": 200, "mimetype": "application/json", "headers": {}} | wrong
        options.pop("content", None)
        return Response(content, **options)

    monkeypatch.setitem(app.view_functions, "sessions.delete_session", instead)
    with pytest.raises(AssertionError, match="DELETE /api/sessions/x"):
        client.delete("/api/sessions/x")
