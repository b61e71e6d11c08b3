"""The OpenAPI document, by itself: sound, complete, and as strict and as tolerant as the contract page says.

The tables are the contract page written once more, as payloads: what some source promises is accepted, what none
promises is refused and named at the field that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from openapi_spec_validator import validate
from referencing import Registry
from referencing.jsonschema import DRAFT202012

DOCUMENT_FILE = Path(__file__).resolve().parents[2] / "openapi" / "onboarding.yaml"
DOCUMENT_URI = "urn:onboarding"
DOCUMENT: dict[str, Any] = yaml.safe_load(DOCUMENT_FILE.read_text(encoding="utf-8"))
REGISTRY: Registry[Any] = Registry().with_resource(DOCUMENT_URI, DRAFT202012.create_resource(DOCUMENT))

OPERATION_PATHS = {
    "signUpEmail": "/authentication/sign-up/email",
    "signInEmail": "/authentication/sign-in/email",
    "createOrganization": "/authentication/organization/create",
    "setActiveOrganization": "/authentication/organization/set-active",
    "createCustomer": "/customers",
    "createCheckoutSession": "/checkout/sessions",
}

STATUSES = {
    "signUpEmail": "200 400 403 409 413 415 422 429",
    "signInEmail": "200 400 401 403 413 415 422 429",
    "createOrganization": "200 400 401 403 409 413 415 422 429",
    "setActiveOrganization": "200 400 401 403 404 413 415 422 429",
    "createCustomer": "200 201 400 401 403 404 409 413 415 422 429",
    "createCheckoutSession": "200 201 400 401 403 404 413 415 422 429",
}

MAY_BE_EMPTY = {(operation, "429") for operation in OPERATION_PATHS} | {
    ("signInEmail", "401"),
    ("createOrganization", "401"),
    ("setActiveOrganization", "401"),
}

LINKS = {
    ("signUpEmail", "200"): {"signInEmail"},
    ("signInEmail", "200"): {"createOrganization"},
    ("createOrganization", "200"): {"setActiveOrganization", "createCustomer"},
    ("setActiveOrganization", "200"): {"createCustomer", "createCheckoutSession"},
    ("createCustomer", "200"): {"createCheckoutSession"},
    ("createCustomer", "201"): {"createCheckoutSession"},
}

USED_BESIDE_THE_OPERATIONS = {"#/components/responses/UnknownRoute"}


# Reading the document


def pointer(*parts: str) -> str:
    return "#/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)


def at(reference: str) -> Any:
    return REGISTRY.resolver(DOCUMENT_URI).lookup(reference).contents


def dereferenced(node: Any) -> Any:
    return at(node["$ref"]) if isinstance(node, dict) and "$ref" in node else node


def validator(reference: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": DOCUMENT_URI + reference},
        registry=REGISTRY,
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )


def request_schema(operation: str) -> str:
    return pointer("paths", OPERATION_PATHS[operation], "post", "requestBody", "content", "application/json", "schema")


def response_schema(operation: str, status: int) -> str:
    response = pointer("paths", OPERATION_PATHS[operation], "post", "responses", str(status))
    shared: str = at(response).get("$ref", response)
    return shared + "/content/application~1json/schema"


def responses(operation: str) -> dict[str, Any]:
    found: dict[str, Any] = at(pointer("paths", OPERATION_PATHS[operation], "post", "responses"))
    return found


def nodes(node: Any, reference: str = "#") -> Iterator[tuple[str, Any]]:
    """Every object and value of the document below a node, with its JSON pointer."""
    yield reference, node
    if isinstance(node, dict):
        children: Iterator[tuple[str, Any]] = ((str(key), value) for key, value in node.items())
    elif isinstance(node, list):
        children = ((str(index), value) for index, value in enumerate(node))
    else:
        return
    for key, value in children:
        yield from nodes(value, reference + pointer(key).removeprefix("#"))


def schemas_holding(name: str, schema: Any) -> Iterator[Any]:
    """The schemas of a property, in a schema and in each of its alternatives."""
    schema = dereferenced(schema)
    if name in schema.get("properties", {}):
        yield schema["properties"][name]
    for alternative in [*schema.get("anyOf", []), *schema.get("oneOf", [])]:
        yield from schemas_holding(name, alternative)


def leaves(errors: Iterator[ValidationError]) -> Iterator[ValidationError]:
    """The errors that no other error explains further; those of every alternative, where there are several."""
    for error in errors:
        if error.context:
            yield from leaves(iter(error.context))
        else:
            yield error


def complaints(reference: str, body: Any) -> dict[str, str]:
    """What a schema has against a body: the fields, as JSON paths, with the last complaint about each."""
    found = {}
    for error in leaves(validator(reference).iter_errors(body)):
        place = error.json_path
        if error.validator == "required":
            place += "." + error.message.split("'")[1]
        found[place] = error.message
    return found


# The document as a whole


def test_is_valid_openapi_3_1() -> None:
    """OpenAPI 3.1: the document passes the specification's own schema and resolves all its references."""
    assert DOCUMENT["openapi"].startswith("3.1.")
    validate(DOCUMENT)


def test_describes_the_six_operations_and_no_other() -> None:
    """Contract page, Operations: six paths, each with POST alone."""
    found = {item[method]["operationId"]: path for path, item in DOCUMENT["paths"].items() for method in item}
    assert found == OPERATION_PATHS
    assert all(list(item) == ["post"] for item in DOCUMENT["paths"].values())


def test_serves_under_the_documented_bases() -> None:
    """Contract page, Base URL: the client libraries' prefix, and the tutorial's bare paths."""
    assert [server["url"] for server in DOCUMENT["servers"]] == ["/api/canary", "/"]


def test_only_sign_up_and_sign_in_are_open() -> None:
    """Contract page: every other operation wants the bearer token."""
    (name,) = DOCUMENT["security"][0]
    assert DOCUMENT["components"]["securitySchemes"][name]["scheme"] == "bearer"
    open_operations = {
        operation
        for operation, path in OPERATION_PATHS.items()
        if DOCUMENT["paths"][path]["post"].get("security") == []
    }
    assert open_operations == {"signUpEmail", "signInEmail"}


@pytest.mark.parametrize("operation", OPERATION_PATHS)
def test_documents_exactly_these_statuses(operation: str) -> None:
    """Contract page, the tables of the operations: no range, no default, no 3xx and no 5xx."""
    assert sorted(responses(operation)) == STATUSES[operation].split()


def test_only_these_answers_may_have_an_empty_body() -> None:
    """Contract page, Errors: a 401 of the authentication paths, and any 429; every other refusal has a body."""
    found = {
        (operation, status)
        for operation in OPERATION_PATHS
        for status, response in responses(operation).items()
        if dereferenced(response).get("x-empty-body-allowed")
    }
    assert found == MAY_BE_EMPTY
    assert DOCUMENT["components"]["responses"]["UnknownRoute"]["x-empty-body-allowed"] is True


def test_promises_nothing_of_a_429_body() -> None:
    """Contract page, Errors: a 429 may come in any media type and is never a verdict."""
    assert DOCUMENT["components"]["responses"]["TooManyRequests"]["content"] == {"*/*": {}}


@pytest.mark.parametrize("operation", ["signUpEmail", "signInEmail", "setActiveOrganization"])
def test_a_session_token_may_come_in_a_header(operation: str) -> None:
    """Contract page, operations 1, 2 and 4: `set-auth-token` is optional, and not empty when there."""
    header = dereferenced(responses(operation)["200"]["headers"]["set-auth-token"])
    assert header["schema"] == {"type": "string", "minLength": 1}
    assert not header.get("required")


def test_every_component_is_used() -> None:
    """An unused component is a slip, save the answer that no operation gives."""
    references = {node["$ref"] for _, node in nodes(DOCUMENT) if isinstance(node, dict) and "$ref" in node}
    kinds = set(DOCUMENT["components"]) - {"securitySchemes"}
    components = {pointer("components", kind, name) for kind in kinds for name in DOCUMENT["components"][kind]}
    assert components - references == USED_BESIDE_THE_OPERATIONS


def test_every_example_is_valid() -> None:
    """Each request and response example is valid against the schema beside it."""
    checked = 0
    for reference, node in nodes(DOCUMENT):
        if not (isinstance(node, dict) and "schema" in node and "examples" in node):
            continue
        for name, example in node["examples"].items():
            assert not complaints(reference + "/schema", example["value"]), f"{reference}: example {name}"
            checked += 1
    assert checked >= 40


def test_every_body_has_an_example() -> None:
    """A reader sees at least one example of every documented body."""
    media = [node for reference, node in nodes(DOCUMENT) if reference.endswith("/application~1json")]
    assert media
    assert all(node["examples"] for node in media)


# The links


@dataclass(frozen=True)
class Link:
    """A link of a response: where it stands, and what it carries to which operation."""

    source: str
    status: str
    target: str
    carries: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.source}-{self.status}-to-{self.target}"


def links() -> list[Link]:
    return [
        Link(operation, status, link["operationId"], link.get("requestBody", {}))
        for operation in OPERATION_PATHS
        for status, response in responses(operation).items()
        for link in map(dereferenced, dereferenced(response).get("links", {}).values())
    ]


def test_links_lead_from_sign_up_to_a_checkout_page() -> None:
    """The tutorial's walk can be followed along the links."""
    found: dict[tuple[str, str], set[str]] = {}
    for link in links():
        found.setdefault((link.source, link.status), set()).add(link.target)
    assert found == LINKS


@pytest.mark.parametrize("link", links(), ids=str)
def test_a_link_carries_what_is_there_to_what_is_asked_for(link: Link) -> None:
    """A link names an operation of the document, fields of its request, and values of the response or the request."""
    assert link.target in OPERATION_PATHS
    for field, expression in link.carries.items():
        assert any(schemas_holding(field, at(request_schema(link.target)))), field
        origin, _, name = expression.partition(".body#/")
        assert origin in {"$request", "$response"}
        schema = request_schema(link.source) if origin == "$request" else response_schema(link.source, int(link.status))
        assert any(schemas_holding(name, at(schema))), expression


# The payloads

TIME = "2026-02-02T08:30:00.000Z"
TIMES = {"createdAt": TIME, "updatedAt": TIME}
USER = {"id": "u1", "email": "a@example.com", "emailVerified": False, "name": "A", **TIMES}
NULLABLE_USER_FIELDS = [
    "image",
    "role",
    "banned",
    "banReason",
    "banExpires",
    "username",
    "displayUsername",
    "phoneNumber",
    "phoneNumberVerified",
    "isAnonymous",
]
SIGNED_UP = {"user": USER, "token": "t"}
SIGNED_IN = {"user": USER, "token": "t", "redirect": False}
ORGANIZATION = {"id": "o1", "name": "O", "slug": "o", "createdAt": TIME}
CUSTOMER = {"id": "c1", "merchantId": "o1", "metadata": {}, **TIMES}
SESSION = {
    "id": "s1",
    "sessionUrl": "https://pay.example.com/s1",
    "merchantId": "o1",
    "currency": "LSL",
    "status": "open",
    **TIMES,
}
NULLABLE_SESSION_FIELDS = [
    "customerId",
    "paymentIntentId",
    "successUrl",
    "cancelUrl",
    "lineItems",
    "totalAmount",
    "mode",
    "expiresAt",
    "metadata",
    "deletedAt",
    "hostedCheckoutConfig",
    "customer",
]
STATUS_ERROR = {"statusCode": 400, "message": "No", "error": "Bad Request"}
CODE_ERROR = {"code": "NO", "message": "No"}


def changed(body: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {**body, **fields}


def without(body: Mapping[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != field}


def signed_up(**user: Any) -> dict[str, Any]:
    return changed(SIGNED_UP, user=changed(USER, **user))


def wrapped(**organization: Any) -> dict[str, Any]:
    return {"organization": changed(ORGANIZATION, **organization)}


# Operation, status, what is particular about the body, the body.
LAWFUL: list[tuple[str, int, str, Any]] = [
    ("signUpEmail", 200, "token", SIGNED_UP),
    ("signUpEmail", 200, "token null", changed(SIGNED_UP, token=None)),
    ("signUpEmail", 200, "token absent", {"user": USER}),
    ("signUpEmail", 200, "optional user fields null", signed_up(**dict.fromkeys(NULLABLE_USER_FIELDS))),
    ("signUpEmail", 200, "optional user fields set", signed_up(role="user", banned=False, banExpires=TIME, image="x")),
    ("signUpEmail", 200, "fields no source names", changed(SIGNED_UP, more=1)),
    ("signUpEmail", 200, "time with an offset", signed_up(createdAt="2026-02-02T10:30:00+02:00")),
    ("signUpEmail", 200, "empty name", signed_up(name="")),
    ("signInEmail", 200, "token in the body", SIGNED_IN),
    ("signInEmail", 200, "token in the header alone", without(SIGNED_IN, "token")),
    ("signInEmail", 200, "url null", changed(SIGNED_IN, url=None)),
    ("signInEmail", 200, "url relative", changed(SIGNED_IN, redirect=True, url="/x")),
    ("createOrganization", 200, "bare", ORGANIZATION),
    ("createOrganization", 200, "wrapped", wrapped()),
    ("createOrganization", 200, "metadata object", changed(ORGANIZATION, metadata={"a": {"b": 1}})),
    ("createOrganization", 200, "metadata JSON string", changed(ORGANIZATION, metadata="{}")),
    ("createOrganization", 200, "optional fields null", changed(ORGANIZATION, logo=None, metadata=None, members=None)),
    ("createOrganization", 200, "members", changed(ORGANIZATION, members=[{"id": "m1", "role": "owner"}])),
    ("setActiveOrganization", 200, "bare", ORGANIZATION),
    ("setActiveOrganization", 200, "wrapped", wrapped(metadata="{}")),
    ("setActiveOrganization", 200, "members and invitations", changed(ORGANIZATION, members=[], invitations=[])),
    ("setActiveOrganization", 200, "success", {"success": True}),
    ("setActiveOrganization", 200, "nested success", {"success": {"success": True}}),
    ("setActiveOrganization", 200, "no active organization", None),
    ("createCustomer", 201, "required fields alone", CUSTOMER),
    ("createCustomer", 200, "200 in place of 201", CUSTOMER),
    (
        "createCustomer",
        201,
        "optional fields null",
        changed(CUSTOMER, phoneNumber=None, email=None, name=None, deletedAt=None),
    ),
    ("createCheckoutSession", 201, "required fields alone", SESSION),
    ("createCheckoutSession", 200, "200 in place of 201", SESSION),
    ("createCheckoutSession", 201, "status active", changed(SESSION, status="active")),
    ("createCheckoutSession", 201, "optional fields null", changed(SESSION, **dict.fromkeys(NULLABLE_SESSION_FIELDS))),
    ("createCheckoutSession", 201, "customer with an id alone", changed(SESSION, customer={"id": "c1"})),
    ("createCheckoutSession", 201, "plain http, port and query", changed(SESSION, sessionUrl="http://[::1]:80/s?a=b")),
    ("createCheckoutSession", 201, "line items", changed(SESSION, lineItems=[{"name": "x", "amount": 1}])),
    ("createCheckoutSession", 201, "amount beyond 32 bits", changed(SESSION, totalAmount=5_000_000_000)),
    ("signUpEmail", 400, "as in the client libraries", STATUS_ERROR),
    ("signUpEmail", 400, "several messages", changed(STATUS_ERROR, message=["a", "b"])),
    ("signUpEmail", 422, "as better-auth answers", CODE_ERROR),
    ("signUpEmail", 400, "message alone", {"message": "No"}),
    ("signInEmail", 401, "as better-auth answers", CODE_ERROR),
    ("createCustomer", 409, "as in the client libraries", changed(STATUS_ERROR, statusCode=409)),
    ("createCheckoutSession", 404, "both shapes at once", {**STATUS_ERROR, **CODE_ERROR}),
]

# Operation, status, the field that is wrong, the body.
UNLAWFUL: list[tuple[str, int, str, Any]] = [
    ("signUpEmail", 200, "$.user", {"token": "t"}),
    ("signUpEmail", 200, "$.user", changed(SIGNED_UP, user=None)),
    ("signUpEmail", 200, "$.token", changed(SIGNED_UP, token="")),
    ("signUpEmail", 200, "$.token", changed(SIGNED_UP, token=5)),
    *[("signUpEmail", 200, f"$.user.{field}", changed(SIGNED_UP, user=without(USER, field))) for field in USER],
    *[("signUpEmail", 200, f"$.user.{field}", signed_up(**{field: None})) for field in USER],
    *[("signUpEmail", 200, f"$.user.{field}", signed_up(**{field: 1})) for field in NULLABLE_USER_FIELDS],
    ("signUpEmail", 200, "$.user.id", signed_up(id="")),
    ("signUpEmail", 200, "$.user.email", signed_up(email="nobody")),
    ("signUpEmail", 200, "$.user.emailVerified", signed_up(emailVerified="false")),
    ("signUpEmail", 200, "$.user.createdAt", signed_up(createdAt="2026-02-02")),
    ("signUpEmail", 200, "$.user.createdAt", signed_up(createdAt="2026-02-02T08:30:00")),
    ("signUpEmail", 200, "$.user.createdAt", signed_up(createdAt="Mon, 02 Feb 2026 08:30:00 GMT")),
    ("signUpEmail", 200, "$.user.banExpires", signed_up(banExpires="never")),
    ("signUpEmail", 200, "$", [SIGNED_UP]),
    ("signInEmail", 200, "$.redirect", without(SIGNED_IN, "redirect")),
    ("signInEmail", 200, "$.redirect", changed(SIGNED_IN, redirect="false")),
    ("signInEmail", 200, "$.token", changed(SIGNED_IN, token="")),
    ("signInEmail", 200, "$.token", changed(SIGNED_IN, token=None)),
    ("signInEmail", 200, "$.url", changed(SIGNED_IN, url=False)),
    *[("createOrganization", 200, f"$.{field}", without(ORGANIZATION, field)) for field in ORGANIZATION],
    *[("createOrganization", 200, f"$.organization.{field}", wrapped(**{field: None})) for field in ORGANIZATION],
    ("createOrganization", 200, "$.id", changed(ORGANIZATION, id=7)),
    ("createOrganization", 200, "$.slug", changed(ORGANIZATION, slug="")),
    ("createOrganization", 200, "$.metadata", changed(ORGANIZATION, metadata=[])),
    ("createOrganization", 200, "$.members", changed(ORGANIZATION, members={})),
    ("createOrganization", 200, "$.members[0]", changed(ORGANIZATION, members=["m1"])),
    ("createOrganization", 200, "$.organization", {"organization": None}),
    ("createOrganization", 200, "$.id", {"success": True}),
    ("createOrganization", 200, "$", None),
    ("createOrganization", 200, "$.organization", {"data": ORGANIZATION}),
    ("setActiveOrganization", 200, "$.success", {"success": False}),
    ("setActiveOrganization", 200, "$.success", {"success": "true"}),
    ("setActiveOrganization", 200, "$.success", {"success": 1}),
    ("setActiveOrganization", 200, "$.success.success", {"success": {"success": False}}),
    ("setActiveOrganization", 200, "$.success.success", {"success": {}}),
    ("setActiveOrganization", 200, "$.id", {}),
    ("setActiveOrganization", 200, "$", True),
    ("setActiveOrganization", 200, "$.organization.id", wrapped(id="")),
    *[("createCustomer", 201, f"$.{field}", without(CUSTOMER, field)) for field in CUSTOMER],
    ("createCustomer", 201, "$.id", {"customer": CUSTOMER}),
    ("createCustomer", 201, "$.merchantId", changed(CUSTOMER, merchantId="")),
    ("createCustomer", 201, "$.metadata", changed(CUSTOMER, metadata=None)),
    ("createCustomer", 201, "$.metadata", changed(CUSTOMER, metadata="{}")),
    ("createCustomer", 201, "$.email", changed(CUSTOMER, email="nobody")),
    ("createCustomer", 201, "$.phoneNumber", changed(CUSTOMER, phoneNumber=26658123456)),
    ("createCustomer", 201, "$.deletedAt", changed(CUSTOMER, deletedAt=False)),
    *[("createCheckoutSession", 201, f"$.{field}", without(SESSION, field)) for field in SESSION],
    *[("createCheckoutSession", 201, f"$.{field}", changed(SESSION, **{field: None})) for field in SESSION],
    *[
        ("createCheckoutSession", 201, f"$.{field}", changed(SESSION, **{field: True}))
        for field in NULLABLE_SESSION_FIELDS
    ],
    ("createCheckoutSession", 201, "$.sessionUrl", changed(SESSION, sessionUrl="/s1")),
    ("createCheckoutSession", 201, "$.sessionUrl", changed(SESSION, sessionUrl="//pay.example.com/s1")),
    ("createCheckoutSession", 201, "$.sessionUrl", changed(SESSION, sessionUrl="https:///s1")),
    ("createCheckoutSession", 201, "$.sessionUrl", changed(SESSION, sessionUrl="https://pay.example.com/a b")),
    ("createCheckoutSession", 201, "$.sessionUrl", changed(SESSION, sessionUrl="javascript:alert(1)")),
    ("createCheckoutSession", 201, "$.status", changed(SESSION, status="OPEN")),
    ("createCheckoutSession", 201, "$.status", changed(SESSION, status="complete")),
    ("createCheckoutSession", 201, "$.currency", changed(SESSION, currency="lsl")),
    ("createCheckoutSession", 201, "$.currency", changed(SESSION, currency="LSL\n")),
    ("createCheckoutSession", 201, "$.totalAmount", changed(SESSION, totalAmount="12500")),
    ("createCheckoutSession", 201, "$.totalAmount", changed(SESSION, totalAmount=125.5)),
    ("createCheckoutSession", 201, "$.totalAmount", changed(SESSION, totalAmount=-1)),
    ("createCheckoutSession", 201, "$.customerId", changed(SESSION, customerId="")),
    ("createCheckoutSession", 201, "$.customer.id", changed(SESSION, customer={})),
    ("createCheckoutSession", 201, "$.lineItems", changed(SESSION, lineItems={})),
    ("createCheckoutSession", 201, "$.lineItems[0]", changed(SESSION, lineItems=["x"])),
    ("createCheckoutSession", 201, "$.lineItems[0].quantity", changed(SESSION, lineItems=[{"quantity": "2"}])),
    ("createCheckoutSession", 201, "$.expiresAt", changed(SESSION, expiresAt=1770021000)),
    ("signUpEmail", 400, "$.message", {"code": "NO"}),
    ("signUpEmail", 400, "$.message", {"message": 5}),
    ("signUpEmail", 400, "$.message", {"message": ["a"]}),
    ("signUpEmail", 400, "$.code", {"message": "No", "code": 7}),
    ("signUpEmail", 400, "$.error", without(STATUS_ERROR, "error")),
    ("signUpEmail", 400, "$", "No"),
    ("signInEmail", 401, "$.statusCode", changed(STATUS_ERROR, statusCode="401")),
    ("signInEmail", 401, "$.statusCode", changed(STATUS_ERROR, statusCode=200)),
    ("signInEmail", 401, "$.code", {"message": "No"}),
    ("signInEmail", 401, "$.message", {"error": "No"}),
    ("createCheckoutSession", 404, "$.message", changed(CODE_ERROR, message=["a"])),
    ("createCheckoutSession", 404, "$.message", changed(STATUS_ERROR, message=[5])),
    ("createCheckoutSession", 404, "$", None),
]


@pytest.mark.parametrize(("operation", "status", "what", "body"), LAWFUL)
def test_accepts_what_a_source_promises(operation: str, status: int, what: str, body: Any) -> None:
    """Contract page, the deciding rule 2: a response passes if it has a shape that some source documents."""
    assert not complaints(response_schema(operation, status), body), what


@pytest.mark.parametrize(("operation", "status", "field", "body"), UNLAWFUL)
def test_refuses_what_no_source_promises(operation: str, status: int, field: str, body: Any) -> None:
    """Contract page, the deciding rule 2: no other shape passes, and the complaint is about the field that is wrong."""
    found = complaints(response_schema(operation, status), body)
    assert any(place == field or place.startswith(field + "[") for place in found), found


SIGN_UP = {"name": "A", "email": "a@example.com", "password": "12345678"}
NEW_ORGANIZATION = {"name": "A", "slug": "a"}
PERSON = {"name": "A", "email": "a+b@example.com", "phoneNumber": "+26658123456", "metadata": {}}
NEW_CUSTOMER = changed(PERSON, merchantId="o1")
ITEM = {"name": "A", "quantity": 1, "amount": 100, "currency": "LSL"}
CHECKOUT = {
    "merchantId": "o1",
    "currency": "LSL",
    "metadata": {"a": "b", "c": 1, "d": True},
    "totalAmount": 100,
    "lineItems": [ITEM],
    "successUrl": "https://shop.example.com/paid",
    "cancelUrl": "https://shop.example.com/cancelled",
    "mode": "payment",
}

# Operation, whether the document takes the body, the body.
REQUESTS: list[tuple[str, bool, Any]] = [
    ("signUpEmail", True, SIGN_UP),
    ("signUpEmail", True, changed(SIGN_UP, password="x" * 128, callbackURL="/a/b", rememberMe=True)),
    ("signUpEmail", False, changed(SIGN_UP, password="1234567")),
    ("signUpEmail", False, changed(SIGN_UP, password="x" * 129)),
    ("signUpEmail", False, changed(SIGN_UP, email="a@")),
    ("signUpEmail", False, changed(SIGN_UP, image=None)),
    ("signUpEmail", False, changed(SIGN_UP, callbackURL="https://shop.example.com/")),
    ("signUpEmail", False, changed(SIGN_UP, callbackURL="//shop.example.com")),
    ("signUpEmail", False, changed(SIGN_UP, role="admin")),
    *[("signUpEmail", False, without(SIGN_UP, field)) for field in SIGN_UP],
    ("signInEmail", True, without(SIGN_UP, "name")),
    ("signInEmail", False, changed(without(SIGN_UP, "name"), rememberMe="true")),
    ("createOrganization", True, NEW_ORGANIZATION),
    ("createOrganization", True, changed(NEW_ORGANIZATION, metadata={"a": 1})),
    ("createOrganization", False, changed(NEW_ORGANIZATION, slug="")),
    ("createOrganization", False, changed(NEW_ORGANIZATION, metadata=None)),
    ("setActiveOrganization", True, {"organizationId": "o1"}),
    ("setActiveOrganization", False, {}),
    ("setActiveOrganization", False, {"organizationId": ""}),
    ("createCustomer", True, NEW_CUSTOMER),
    *[("createCustomer", False, without(NEW_CUSTOMER, field)) for field in NEW_CUSTOMER],
    ("createCustomer", False, changed(NEW_CUSTOMER, phoneNumber="058123456")),
    ("createCustomer", False, changed(NEW_CUSTOMER, metadata={"a": {}})),
    ("createCheckoutSession", True, changed(CHECKOUT, customerId="c1")),
    ("createCheckoutSession", True, CHECKOUT),
    ("createCheckoutSession", True, changed(CHECKOUT, customer=PERSON)),
    ("createCheckoutSession", False, changed(CHECKOUT, customer=PERSON, customerId="c1")),
    *[("createCheckoutSession", False, without(CHECKOUT, field)) for field in CHECKOUT],
    *[("createCheckoutSession", False, changed(CHECKOUT, customer=without(PERSON, field))) for field in PERSON],
    ("createCheckoutSession", False, changed(CHECKOUT, customerId=None)),
    ("createCheckoutSession", False, changed(CHECKOUT, currency="lsl")),
    ("createCheckoutSession", False, changed(CHECKOUT, totalAmount=-1)),
    ("createCheckoutSession", False, changed(CHECKOUT, totalAmount=1.5)),
    ("createCheckoutSession", False, changed(CHECKOUT, successUrl="/paid")),
    ("createCheckoutSession", False, changed(CHECKOUT, mode="gift")),
    ("createCheckoutSession", False, changed(CHECKOUT, lineItems=[changed(ITEM, quantity="1")])),
]


@pytest.mark.parametrize(("operation", "taken", "body"), REQUESTS)
def test_takes_requests_that_satisfy_every_source(operation: str, taken: bool, body: Any) -> None:
    """Contract page, the deciding rule 1: what is documented as a request is the intersection of the sources."""
    assert (not complaints(request_schema(operation), body)) is taken


@pytest.mark.parametrize(
    ("option", "fields"),
    [
        ("CheckoutForExistingCustomer", {"customerId": "c1"}),
        ("CheckoutWithoutCustomer", {}),
        ("CheckoutWithInlineCustomer", {"customer": PERSON}),
    ],
)
def test_each_customer_option_is_a_schema_of_its_own(option: str, fields: dict[str, Any]) -> None:
    """Contract page, the three customer options: a request chooses one, and is valid under that one alone."""
    options = [choice["$ref"] for choice in DOCUMENT["components"]["schemas"]["CreateCheckoutSessionRequest"]["oneOf"]]
    fitting = [choice for choice in options if not complaints(choice, changed(CHECKOUT, **fields))]
    assert fitting == [pointer("components", "schemas", option)]
