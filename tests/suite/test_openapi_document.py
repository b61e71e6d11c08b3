"""The OpenAPI document, by itself: sound, complete, and as strict and as tolerant as the contract page says.

The tables are the contract page written once more, as payloads: what some source promises is accepted, what none
promises is refused and named at the field that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
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
    "signInEmail": "200 400 401 403 413 415 422 423 429",
    "createOrganization": "200 400 401 403 409 413 415 422 429",
    "setActiveOrganization": "200 400 401 403 404 413 415 422 429",
    "createCustomer": "200 201 400 401 403 404 409 413 415 422 429",
    "createCheckoutSession": "200 201 400 401 403 404 409 413 415 422 429",
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
    """An unused component is a slip, save the response that no operation gives."""
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
COMPLETE_USER = {
    **USER,
    "image": "x",
    "role": "user",
    "banned": False,
    "banReason": "x",
    "banExpires": TIME,
    "username": "x",
    "displayUsername": "x",
    "phoneNumber": "+26658123456",
    "phoneNumberVerified": True,
    "isAnonymous": False,
}
SIGNED_UP = {"user": USER, "token": "t"}
SIGNED_IN = {"user": USER, "token": "t", "redirect": False}
ORGANIZATION = {"id": "o1", "name": "O", "slug": "o", "createdAt": TIME}
MEMBER = {"id": "m1", "organizationId": "o1", "userId": "u1", "role": "owner"}
INVITATION = {"id": "i1", "organizationId": "o1", "email": "b@example.com"}
COMPLETE_ORGANIZATION = {
    **ORGANIZATION,
    "logo": "x",
    "metadata": {},
    "members": [MEMBER],
    "invitations": [INVITATION],
}
CUSTOMER = {"id": "c1", "merchantId": "o1", "metadata": {}, **TIMES}
COMPLETE_CUSTOMER = {
    **CUSTOMER,
    "phoneNumber": "+26658123456",
    "email": "a@example.com",
    "name": "A",
    "deletedAt": TIME,
}
LINE_ITEM = {
    "name": "A",
    "productId": "p1",
    "quantity": 1,
    "amount": 100,
    "currency": "LSL",
    "imageId": "i1",
    "imageUrl": "https://shop.example.com/a.png",
}
SESSION = {
    "id": "s1",
    "sessionUrl": "https://pay.example.com/s1",
    "merchantId": "o1",
    "currency": "LSL",
    "status": "open",
    **TIMES,
}
COMPLETE_SESSION = {
    **SESSION,
    "customerId": "c1",
    "paymentIntentId": "p1",
    "successUrl": "https://shop.example.com/paid",
    "cancelUrl": "https://shop.example.com/cancelled",
    "lineItems": [LINE_ITEM],
    "totalAmount": 100,
    "mode": "payment",
    "expiresAt": TIME,
    "metadata": {},
    "deletedAt": TIME,
    "hostedCheckoutConfig": {},
    "customer": COMPLETE_CUSTOMER,
}
STATUS_ERROR = {"statusCode": 400, "message": "No", "error": "Bad Request"}
CODE_ERROR = {"code": "NO", "message": "No"}

NOTHING: frozenset[str] = frozenset()
WRONG_FOR_EVERY_FIELD = 1.5


def changed(body: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {**body, **fields}


def without(body: Mapping[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != field}


def only(body: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name in fields}


def signed_up(**user: Any) -> dict[str, Any]:
    return changed(SIGNED_UP, user=changed(USER, **user))


def wrapped(**organization: Any) -> dict[str, Any]:
    return {"organization": changed(ORGANIZATION, **organization)}


@dataclass(frozen=True)
class Shape:
    """An object of a response: where it is answered, how it is embedded, and which of its fields may be missing."""

    operation: str
    status: int
    place: str
    embed: Callable[[Any], Any]
    complete: Mapping[str, Any]
    required: Collection[str]
    never_null: Collection[str] = NOTHING

    def __str__(self) -> str:
        return f"{self.operation}-{self.status}-{self.place}"

    def objections(self, part: Any) -> dict[str, str]:
        return complaints(response_schema(self.operation, self.status), self.embed(part))


def itself(part: Any) -> Any:
    return part


SHAPES = [
    Shape("signUpEmail", 200, "$", itself, SIGNED_UP, {"user"}),
    Shape("signUpEmail", 200, "$.user", lambda it: {"user": it}, COMPLETE_USER, USER),
    Shape("signInEmail", 200, "$", itself, changed(SIGNED_IN, url="/x"), {"user", "redirect"}),
    Shape("signInEmail", 200, "$.user", lambda it: changed(SIGNED_IN, user=it), COMPLETE_USER, USER),
    Shape("createOrganization", 200, "$", itself, COMPLETE_ORGANIZATION, ORGANIZATION),
    Shape(
        "createOrganization",
        200,
        "$.organization",
        lambda it: {"organization": it},
        COMPLETE_ORGANIZATION,
        ORGANIZATION,
    ),
    Shape(
        "createOrganization",
        200,
        "$.members[0]",
        lambda it: changed(ORGANIZATION, members=[it]),
        MEMBER,
        NOTHING,
        MEMBER,
    ),
    Shape("setActiveOrganization", 200, "$", itself, COMPLETE_ORGANIZATION, ORGANIZATION),
    Shape(
        "setActiveOrganization",
        200,
        "$.organization",
        lambda it: {"organization": it},
        COMPLETE_ORGANIZATION,
        ORGANIZATION,
    ),
    Shape(
        "setActiveOrganization",
        200,
        "$.invitations[0]",
        lambda it: changed(ORGANIZATION, invitations=[it]),
        INVITATION,
        NOTHING,
        INVITATION,
    ),
    Shape("createCustomer", 200, "$", itself, COMPLETE_CUSTOMER, CUSTOMER),
    Shape("createCustomer", 201, "$", itself, COMPLETE_CUSTOMER, CUSTOMER),
    Shape("createCheckoutSession", 200, "$", itself, COMPLETE_SESSION, SESSION),
    Shape("createCheckoutSession", 201, "$", itself, COMPLETE_SESSION, SESSION),
    Shape(
        "createCheckoutSession",
        201,
        "$.customer",
        lambda it: changed(SESSION, customer=it),
        COMPLETE_CUSTOMER,
        {"id"},
    ),
    Shape(
        "createCheckoutSession",
        201,
        "$.lineItems[0]",
        lambda it: changed(SESSION, lineItems=[it]),
        LINE_ITEM,
        NOTHING,
    ),
    Shape("createCustomer", 409, "$", itself, STATUS_ERROR, STATUS_ERROR),
    Shape("signInEmail", 401, "$", itself, CODE_ERROR, CODE_ERROR),
    Shape("signUpEmail", 400, "$", itself, STATUS_ERROR, STATUS_ERROR),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_accepts_every_field_absent_or_null_where_it_may_be(shape: Shape) -> None:
    """Contract page, Operations: all fields, the required ones alone, and each nullable one as null."""
    nullable = shape.complete.keys() - set(shape.required) - set(shape.never_null)
    assert not shape.objections(shape.complete)
    assert not shape.objections(only(shape.complete, shape.required))
    assert not shape.objections(changed(shape.complete, **dict.fromkeys(nullable)))
    assert not shape.objections(changed(shape.complete, aFieldThatNoSourceNames=1))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_refuses_a_required_field_absent_or_null(shape: Shape) -> None:
    """Contract page, Operations: what a source requires is there, and is not null."""
    for field in shape.required:
        assert f"{shape.place}.{field}" in shape.objections(without(shape.complete, field))
    for field in {*shape.required, *shape.never_null}:
        assert f"{shape.place}.{field}" in shape.objections(changed(shape.complete, **{field: None}))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_refuses_a_value_of_another_type(shape: Shape) -> None:
    """Contract page, Operations: every field has its type, and every object is one."""
    for field in shape.complete:
        wrong = changed(shape.complete, **{field: WRONG_FOR_EVERY_FIELD})
        assert f"{shape.place}.{field}" in shape.objections(wrong)
    for wrong_object in ("x", [shape.complete], True):
        assert shape.place in shape.objections(wrong_object)


TEXTS_OF_A_FORM = [
    ("$.user", "email"),
    ("$.user", "createdAt"),
    ("$.user", "updatedAt"),
    ("$.user", "banExpires"),
    ("$.organization", "createdAt"),
    ("$.invitations[0]", "email"),
    ("$.customer", "email"),
    ("$.customer", "createdAt"),
    ("$.customer", "updatedAt"),
    ("$.customer", "deletedAt"),
    ("$.lineItems[0]", "currency"),
    *[("$", field) for field in ("createdAt", "updatedAt", "expiresAt", "deletedAt", "email", "currency", "status")],
    *[("$", field) for field in ("sessionUrl", "successUrl", "cancelUrl")],
]
NEVER_EMPTY = {"id", "merchantId", "customerId", "organizationId", "userId", "slug", "token"}


@pytest.mark.parametrize(("place", "field"), TEXTS_OF_A_FORM)
def test_refuses_a_text_of_another_form(place: str, field: str) -> None:
    """Contract page: times are RFC 3339, URLs absolute, e-mails, currencies and the status of their form."""
    shapes = [shape for shape in SHAPES if shape.place == place and field in shape.complete]
    assert shapes
    for shape in shapes:
        assert f"{place}.{field}" in shape.objections(changed(shape.complete, **{field: "not of that form"}))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_refuses_an_empty_id(shape: Shape) -> None:
    """Contract page, Operations: an id, a slug or a token is never the empty string."""
    for field in shape.complete.keys() & NEVER_EMPTY:
        assert f"{shape.place}.{field}" in shape.objections(changed(shape.complete, **{field: ""}))


# Operation, status, what is particular about the body, the body.
LAWFUL: list[tuple[str, int, str, Any]] = [
    ("signUpEmail", 200, "token", SIGNED_UP),
    ("signUpEmail", 200, "token null", changed(SIGNED_UP, token=None)),
    ("signUpEmail", 200, "token absent", {"user": USER}),
    ("signUpEmail", 200, "time with an offset", signed_up(createdAt="2026-02-02T10:30:00+02:00")),
    ("signUpEmail", 200, "empty name", signed_up(name="")),
    ("signInEmail", 200, "token in the body", SIGNED_IN),
    ("signInEmail", 200, "token in the header alone", without(SIGNED_IN, "token")),
    ("signInEmail", 200, "token null, beside the header", changed(SIGNED_IN, token=None)),
    ("signInEmail", 200, "url null", changed(SIGNED_IN, url=None)),
    ("signInEmail", 200, "token null, the header has it", changed(SIGNED_IN, token=None)),
    ("signInEmail", 200, "url relative", changed(SIGNED_IN, redirect=True, url="/x")),
    ("createOrganization", 200, "bare", ORGANIZATION),
    ("createOrganization", 200, "wrapped", wrapped()),
    ("createOrganization", 200, "metadata object", changed(ORGANIZATION, metadata={"a": {"b": 1}})),
    ("createOrganization", 200, "metadata JSON string", changed(ORGANIZATION, metadata="{}")),
    ("createOrganization", 200, "members", changed(ORGANIZATION, members=[{"id": "m1", "role": "owner"}])),
    ("setActiveOrganization", 200, "bare", ORGANIZATION),
    ("setActiveOrganization", 200, "wrapped", wrapped(metadata="{}")),
    ("setActiveOrganization", 200, "members and invitations", changed(ORGANIZATION, members=[], invitations=[])),
    ("setActiveOrganization", 200, "success", {"success": True}),
    ("setActiveOrganization", 200, "nested success", {"success": {"success": True}}),
    ("setActiveOrganization", 200, "no active organization", None),
    ("createCheckoutSession", 201, "status active", changed(SESSION, status="active")),
    ("createCheckoutSession", 201, "customer with an id alone", changed(SESSION, customer={"id": "c1"})),
    ("createCheckoutSession", 201, "plain http, port and query", changed(SESSION, sessionUrl="http://[::1]:80/s?a=b")),
    ("createCheckoutSession", 201, "line items", changed(SESSION, lineItems=[{"name": "x", "amount": 1}])),
    ("createCheckoutSession", 201, "amount beyond 32 bits", changed(SESSION, totalAmount=5_000_000_000)),
    ("signUpEmail", 400, "as in the client libraries", STATUS_ERROR),
    ("signUpEmail", 400, "several messages", changed(STATUS_ERROR, message=["a", "b"])),
    ("signUpEmail", 422, "as better-auth answers", CODE_ERROR),
    ("signUpEmail", 400, "message alone", {"message": "No"}),
    ("signUpEmail", 400, "messages alone", {"message": ["No", "Never"]}),
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
    ("signInEmail", 200, "$.url", changed(SIGNED_IN, url=False)),
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
    ("createCustomer", 201, "$.id", {"customer": CUSTOMER}),
    ("createCustomer", 201, "$.merchantId", changed(CUSTOMER, merchantId="")),
    ("createCustomer", 201, "$.metadata", changed(CUSTOMER, metadata=None)),
    ("createCustomer", 201, "$.metadata", changed(CUSTOMER, metadata="{}")),
    ("createCustomer", 201, "$.email", changed(CUSTOMER, email="nobody")),
    ("createCustomer", 201, "$.phoneNumber", changed(CUSTOMER, phoneNumber=26658123456)),
    ("createCustomer", 201, "$.deletedAt", changed(CUSTOMER, deletedAt=False)),
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
    ("signUpEmail", 200, "$", None),
    ("signInEmail", 200, "$", None),
    ("createCustomer", 201, "$", None),
    ("createCheckoutSession", 201, "$", None),
    ("createOrganization", 200, "$.members[0]", changed(ORGANIZATION, members=[None])),
    ("createOrganization", 200, "$.invitations[0]", changed(ORGANIZATION, invitations=[None])),
    ("createCheckoutSession", 201, "$.lineItems[0]", changed(SESSION, lineItems=[None])),
    ("createCheckoutSession", 201, "$.lineItems[0].currency", changed(SESSION, lineItems=[{"currency": "lsl"}])),
    ("createCheckoutSession", 201, "$.lineItems[0].currency", changed(SESSION, lineItems=[{"currency": "LSL\n"}])),
    ("signInEmail", 401, "$.message", changed(CODE_ERROR, message=None)),
    ("signUpEmail", 400, "$.message", {"code": "NO"}),
    ("signInEmail", 401, "$.statusCode", changed(STATUS_ERROR, statusCode=500)),
    ("signUpEmail", 400, "$.error", changed(CODE_ERROR, error=5)),
    ("signUpEmail", 400, "$.message", {"message": None}),
    ("createCheckoutSession", 404, "$.message", changed(STATUS_ERROR, message=[None])),
    ("setActiveOrganization", 200, "$.success", {"success": None}),
    ("signUpEmail", 400, "$.message", {"message": 5}),
    ("signUpEmail", 400, "$.message", {"message": [5]}),
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


# The requests

SIGN_IN = {"email": "a.b+c@example.com", "password": "12345678", "callbackURL": "/a/b", "rememberMe": True}
SIGN_UP = {**SIGN_IN, "name": "Ünal", "image": "https://shop.example.com/a.png"}
NEW_ORGANIZATION = {
    "name": "A",
    "slug": "a-1",
    "logo": "https://shop.example.com/a.png",
    "metadata": {"a": "b", "c": 1, "d": True},
}
PERSON = {"name": "A", "email": "a@example.com", "phoneNumber": "+26658123456", "metadata": {}}
NEW_CUSTOMER = {**PERSON, "merchantId": "o1"}
CHECKOUT = {
    "merchantId": "o1",
    "currency": "LSL",
    "metadata": {},
    "totalAmount": 100,
    "lineItems": [LINE_ITEM],
    "successUrl": "https://shop.example.com/paid",
    "cancelUrl": "https://shop.example.com/cancelled",
    "mode": "payment",
}


@dataclass(frozen=True)
class Form:
    """An object of a request: how it is embedded, and which of its fields must be sent."""

    operation: str
    what: str
    embed: Callable[[Any], Any]
    complete: Mapping[str, Any]
    required: Collection[str]

    def __str__(self) -> str:
        return f"{self.operation}-{self.what}"

    def takes(self, part: Any) -> bool:
        return not complaints(request_schema(self.operation), self.embed(part))


FORMS = [
    Form("signUpEmail", "body", itself, SIGN_UP, {"name", "email", "password"}),
    Form("signInEmail", "body", itself, SIGN_IN, {"email", "password"}),
    Form("createOrganization", "body", itself, NEW_ORGANIZATION, {"name", "slug"}),
    Form("setActiveOrganization", "body", itself, {"organizationId": "o1"}, {"organizationId"}),
    Form("createCustomer", "body", itself, NEW_CUSTOMER, NEW_CUSTOMER),
    Form("createCheckoutSession", "existing", itself, changed(CHECKOUT, customerId="c1"), CHECKOUT),
    Form("createCheckoutSession", "none", itself, CHECKOUT, CHECKOUT),
    Form("createCheckoutSession", "inline", itself, changed(CHECKOUT, customer=PERSON), CHECKOUT),
    Form("createCheckoutSession", "customer", lambda it: changed(CHECKOUT, customer=it), PERSON, PERSON),
    Form(
        "createCheckoutSession",
        "item",
        lambda it: changed(CHECKOUT, lineItems=[it]),
        LINE_ITEM,
        {"name", "quantity", "amount", "currency"},
    ),
]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_takes_what_every_source_takes(form: Form) -> None:
    """Contract page, the deciding rule 1: a documented request satisfies every source at once."""
    assert form.takes(form.complete)
    assert form.takes(only(form.complete, form.required))


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_takes_no_request_that_a_source_may_refuse(form: Form) -> None:
    """Contract page, the deciding rule 1: no field missing, null, of another type, or unknown."""
    for field in form.required:
        assert not form.takes(without(form.complete, field)), field
    for field in form.complete:
        assert not form.takes(changed(form.complete, **{field: None})), field
        assert not form.takes(changed(form.complete, **{field: WRONG_FOR_EVERY_FIELD})), field
    assert not form.takes(changed(form.complete, role="admin"))
    for wrong_object in ("x", [form.complete], True, None):
        assert not form.takes(wrong_object)


# Operation, the field, a value that it does not take.
NOT_TAKEN: list[tuple[str, str, Any]] = [
    ("signUpEmail", "name", ""),
    ("signUpEmail", "name", "x" * 65),
    ("signUpEmail", "name", "a\x00b"),
    ("signUpEmail", "email", "a@"),
    ("signUpEmail", "email", "a..b@example.com"),
    ("signUpEmail", "email", "ä@example.com"),
    ("signUpEmail", "email", "a@another-domain.test"),
    ("signUpEmail", "password", "1234567"),
    ("signUpEmail", "password", "x" * 129),
    ("signUpEmail", "password", "pässwört-123"),
    ("signUpEmail", "image", "http://shop.example.com/a.png"),
    ("signUpEmail", "image", "/a.png"),
    ("signUpEmail", "callbackURL", "https://shop.example.com/"),
    ("signUpEmail", "callbackURL", "//shop.example.com"),
    ("signInEmail", "password", ""),
    ("signInEmail", "password", "x" * 129),
    ("signInEmail", "password", "pässwört-123"),
    ("createOrganization", "slug", ""),
    ("createOrganization", "slug", "x" * 49),
    ("createOrganization", "slug", "a b"),
    ("createOrganization", "metadata", {"a": {}}),
    ("createOrganization", "metadata", {"a": None}),
    ("createOrganization", "metadata", {"a": "x" * 65}),
    ("createOrganization", "metadata", {"a": "\x00"}),
    ("createOrganization", "metadata", {"a": 10**9}),
    ("createOrganization", "metadata", {"a": -(10**9)}),
    ("createOrganization", "metadata", {"__proto__": 1}),
    ("createOrganization", "metadata", {"a": 1, "b": 1, "c": 1, "d": 1}),
    ("setActiveOrganization", "organizationId", ""),
    ("setActiveOrganization", "organizationId", "x" * 65),
    ("setActiveOrganization", "organizationId", "o 1"),
    ("createCustomer", "phoneNumber", "058123456"),
    ("createCustomer", "phoneNumber", "+1234567890123456"),
    ("createCustomer", "merchantId", ""),
    ("createCheckoutSession", "currency", "lsl"),
    ("createCheckoutSession", "currency", "LSLX"),
    ("createCheckoutSession", "totalAmount", -1),
    ("createCheckoutSession", "totalAmount", 100_000_000),
    ("createCheckoutSession", "totalAmount", "100"),
    ("createCheckoutSession", "successUrl", "/paid"),
    ("createCheckoutSession", "cancelUrl", "javascript:alert(1)"),
    ("createCheckoutSession", "mode", "gift"),
    ("createCheckoutSession", "lineItems", []),
    ("createCheckoutSession", "lineItems", [LINE_ITEM] * 3),
    ("createCheckoutSession", "lineItems", [changed(LINE_ITEM, quantity=0)]),
    ("createCheckoutSession", "lineItems", [changed(LINE_ITEM, quantity=1000)]),
    ("createCheckoutSession", "lineItems", [changed(LINE_ITEM, quantity="1")]),
    ("createCheckoutSession", "customerId", ""),
]


@pytest.mark.parametrize(("operation", "field", "value"), NOT_TAKEN)
def test_takes_no_value_out_of_bounds(operation: str, field: str, value: Any) -> None:
    """Contract page, Operations: the bounds of each field; and those that keep generated requests small and plain."""
    form = next(form for form in FORMS if form.operation == operation)
    assert complaints(request_schema(operation), changed(form.complete, **{field: value}))


def test_takes_one_customer_option_at_a_time() -> None:
    """Contract page, the three customer options: no source says what `customerId` beside `customer` means."""
    assert complaints(request_schema("createCheckoutSession"), changed(CHECKOUT, customer=PERSON, customerId="c1"))


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
