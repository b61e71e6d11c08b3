"""The reference keeps the contract where a conformance run could not tell a breach from a slip of its own."""

from __future__ import annotations

import itertools
import subprocess
import sys
import types
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from sandbox import faults, page, variants
from sandbox.faults.model import MUST, Fault
from sandbox.registry import gathered
from sandbox.switchboard import FAULTS, VARIANTS, behaviour_of
from sandbox.variants.model import Variant

PASSWORD = "sandbox-password-1"
NUMBERS = itertools.count(1)
READS = ("/customers", "/customers/cus_nobody", "/checkout/sessions/cs_nothing")


@dataclass(frozen=True)
class Merchant:
    """A user with an active organization, over the wire."""

    http: httpx.Client
    email: str
    token: str
    organization: str

    def post(self, path: str, body: object) -> httpx.Response:
        return self.http.post(path, json=body, headers=self.bearer)

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path, headers=self.bearer)

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def customers(self) -> int:
        return int(self.get("/customers").json()["pagination"]["total"])


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    """The sandbox as it is started by hand."""
    words = [sys.executable, "-m", "sandbox", "--port", "0", "--exit-with-stdin"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        url = process.stdout.readline().rpartition("listening on ")[2].strip()
        with httpx.Client(base_url=url, timeout=20) as client:
            yield client
        process.stdin.close()


def sign_up(http: httpx.Client, email: str, password: str = PASSWORD) -> httpx.Response:
    return http.post("/authentication/sign-up/email", json={"name": "Thabo", "email": email, "password": password})


def sign_in(http: httpx.Client, email: str, password: object = PASSWORD) -> httpx.Response:
    return http.post("/authentication/sign-in/email", json={"email": email, "password": password})


def organization(http: httpx.Client, token: str, slug: str) -> httpx.Response:
    body = {"name": "Shop", "slug": slug, "metadata": {"a": {"b": 1}}}
    return http.post("/authentication/organization/create", json=body, headers={"authorization": f"Bearer {token}"})


def merchant(http: httpx.Client) -> Merchant:
    number = next(NUMBERS)
    email = f"merchant{number}@example.com"
    token = sign_up(http, email).json()["token"]
    return Merchant(http, email, token, organization(http, token, f"shop-{number}").json()["id"])


@pytest.fixture
def one(http: httpx.Client) -> Merchant:
    return merchant(http)


@pytest.fixture
def other(http: httpx.Client) -> Merchant:
    return merchant(http)


def checkout(merchant_id: str, **more: Any) -> dict[str, Any]:
    item = {"name": "Tea", "quantity": 1, "amount": 500, "currency": "LSL"}
    urls = {"successUrl": "https://shop.example/yes", "cancelUrl": "https://shop.example/no"}
    base = {"merchantId": merchant_id, "currency": "LSL", "totalAmount": 500, "lineItems": [item], "metadata": {}}
    return {**base, **urls, "mode": "payment", **more}


def person(**more: Any) -> dict[str, Any]:
    number = next(NUMBERS)
    known = {"name": "Neo", "email": f"neo{number}@example.com", "phoneNumber": f"+266{58000000 + number}"}
    return {**known, "metadata": {}, **more}


def test_requests_at_the_same_moment_make_one(http: httpx.Client, one: Merchant) -> None:
    """Of simultaneous sign-ups with one e-mail, and organizations with one slug, one succeeds."""
    with ThreadPoolExecutor(8) as threads:
        signed_up = list(threads.map(lambda _: sign_up(http, "together@example.com").status_code, range(8)))
        created = list(threads.map(lambda _: organization(http, one.token, "together").status_code, range(8)))
    assert sorted(signed_up) == [200, *[422] * 7]
    assert sorted(created) == [200, *[400] * 7]


def test_simultaneous_customers_keep_their_own_names(one: Merchant) -> None:
    """Each of many overlapping requests is answered with its own customer and an id of its own."""
    sent = [person(name=f"Customer {number}") for number in range(20)]
    with ThreadPoolExecutor(8) as threads:
        made = [reply.json() for reply in threads.map(lambda body: one.post("/customers", body), sent)]
    assert [row["name"] for row in made] == [row["name"] for row in sent]
    assert len({row["id"] for row in made}) == len(sent)
    assert one.customers() == len(sent)


@pytest.mark.parametrize(
    "change",
    [{"totalAmount": "500"}, {"lineItems": [None]}, {"customerId": "cus_nobody"}, {"currency": "lsl"}],
    ids=["amount", "items", "two options", "currency"],
)
def test_refused_session_leaves_no_customer(change: dict[str, Any], one: Merchant) -> None:
    """A refused checkout session with a new customer leaves none behind."""
    reply = one.post("/checkout/sessions", checkout(one.organization, customer=person(), **change))
    assert reply.status_code == 400
    assert one.customers() == 0


def test_session_for_another_merchant_leaves_nothing(one: Merchant, other: Merchant) -> None:
    """Another organization's merchantId is refused, and neither side has a new customer."""
    reply = one.post("/checkout/sessions", checkout(other.organization, customer=person()))
    assert reply.status_code == 403
    assert (one.customers(), other.customers()) == (0, 0)


def test_named_organization_is_the_one_that_counts(one: Merchant) -> None:
    """Of a user's two organizations the request's own is taken, else the active one; customers do not cross over."""
    second = organization(one.http, one.token, f"second-{next(NUMBERS)}").json()["id"]
    first = one.post("/customers", person(merchantId=one.organization)).json()
    unnamed = one.post("/customers", person()).json()
    assert (first["merchantId"], unnamed["merchantId"]) == (one.organization, second)
    crossed = one.post("/checkout/sessions", checkout(second, customerId=first["id"]))
    assert crossed.status_code == 403
    own = one.post("/checkout/sessions", checkout(one.organization, customerId=first["id"]))
    assert (own.status_code, own.json()["customerId"]) == (201, first["id"])


def test_inline_customer_cannot_be_somebody(one: Merchant, other: Merchant) -> None:
    """What a client may not set is not taken, in the inline customer either."""
    known = other.post("/customers", person()).json()["id"]
    forbidden = {
        "id": "cs_mine",
        "status": "complete",
        "sessionUrl": "https://evil.example/",
        "createdAt": "2001-01-01",
    }
    inline = person(id=known, merchantId=other.organization)
    made = one.post("/checkout/sessions", checkout(one.organization, customer=inline, **forbidden)).json()
    assert made["customerId"] != known
    assert made["customer"]["merchantId"] == one.organization
    assert made["status"] == "open"
    assert not {made[name] for name in forbidden} & set(forbidden.values())


@pytest.mark.parametrize(
    "password",
    [PASSWORD.upper(), PASSWORD + " ", PASSWORD + "x", PASSWORD[:-1], "%", "' OR '1'='1", ""],
)
def test_password_compares_exactly(password: str, http: httpx.Client, one: Merchant) -> None:
    """Nothing but the password itself signs in."""
    assert sign_in(http, one.email, password).status_code == 401
    assert sign_in(http, one.email).status_code == 200


def test_password_compares_after_nfkc(http: httpx.Client) -> None:
    """A password in another Unicode form is the same password."""
    assert sign_up(http, "form@example.com", "pa\u0301ssword-one").status_code == 200
    assert sign_in(http, "form@example.com", "p\u00e1ssword-one").status_code == 200


@pytest.mark.parametrize(
    "path", ["/customers", "/customers/", "//customers", "/%63ustomers", "/CUSTOMERS", "/./customers"]
)
def test_token_is_wanted_on_each_spelling_of_a_path(path: str, one: Merchant) -> None:
    """Without a token no spelling of a path opens, with one in the query, a cookie or the body neither."""
    url = f"{str(one.http.base_url).rstrip('/')}{path}?token={one.token}&access_token={one.token}"
    cookies = {"cookie": f"better-auth.session_token={one.token}; token={one.token}"}
    assert httpx.post(url, json=person(token=one.token)).status_code in (401, 404)
    assert httpx.post(url, json=person(), headers=cookies).status_code in (401, 404)
    assert httpx.get(url, headers=cookies).status_code in (401, 404)


def test_ids_and_tokens_cannot_be_guessed(http: httpx.Client) -> None:
    """Ids and tokens of accounts made one after another have nothing in common."""
    made = [sign_up(http, f"guess{next(NUMBERS)}@example.com").json() for _ in range(4)]
    for values in ([row["token"] for row in made], [row["user"]["id"] for row in made]):
        assert all(len(value) >= 24 for value in values)
        assert len({value[:4] for value in values}) == len({value[-4:] for value in values}) == len(values)


@pytest.mark.parametrize("path", READS)
def test_reads_are_as_strict_as_the_rest(path: str, one: Merchant) -> None:
    """An optional read: 401 without a token, 405 with what is allowed for another method, no body to HEAD."""
    assert one.http.get(path).status_code == 401
    wrong = one.http.delete(path, headers=one.bearer)
    assert wrong.status_code == 405
    assert "GET" in wrong.headers["allow"].split(", ")
    assert len(wrong.headers.get_list("content-type")) == 1
    read, head = one.get(path), one.http.head(path, headers=one.bearer)
    assert (head.status_code, head.content) == (read.status_code, b"")
    assert head.headers["content-length"] == str(len(read.content))


def test_other_tenants_things_are_not_there(one: Merchant, other: Merchant) -> None:
    """Another tenant's customer and session are a 404 as unknown ones are."""
    customer = other.post("/customers", person()).json()["id"]
    session = other.post("/checkout/sessions", checkout(other.organization)).json()["id"]
    for path in (f"/customers/{customer}", f"/checkout/sessions/{session}"):
        assert other.get(path).status_code == 200
        assert one.get(path).status_code == 404
    assert one.customers() == 0


def test_list_comes_in_pages(one: Merchant) -> None:
    """All that was created is there, page by page, and hasMore says when it ends."""
    made = [one.post("/customers", person()).json()["id"] for _ in range(5)]
    pages = [one.get(f"/customers?limit=2&offset={offset}").json() for offset in (0, 2, 4)]
    assert [row["id"] for read in pages for row in read["data"]] == made
    assert [read["pagination"] for read in pages] == [
        {"limit": 2, "offset": offset, "total": 5, "hasMore": offset < 4} for offset in (0, 2, 4)
    ]
    assert one.get("/customers?limit=0").status_code == 400


@pytest.mark.parametrize("text", ['{"a":1}//', '{"a":NaN}', '{"a":1}{}', "{'a':1}", '{"a":1,}', "[" * 5000], ids=str)
def test_json_is_json(text: str, one: Merchant) -> None:
    """What only looks like JSON is a 400."""
    headers = {**one.bearer, "content-type": "application/json"}
    assert one.http.post("/customers", content=text, headers=headers).status_code == 400


@pytest.mark.parametrize("levels", [100, 480, 900, 990, 1100, 20_000])
def test_deep_metadata_ends_in_an_orderly_answer(levels: int, one: Merchant) -> None:
    """Metadata nested deeply comes back as it went, or is refused without a trace."""
    metadata = '{"a":' * levels + "1" + "}" * levels
    body = f'{{"name":"Neo","email":"n@example.com","phoneNumber":"+26658123456","metadata":{metadata}}}'
    reply = one.http.post("/customers", content=body, headers={**one.bearer, "content-type": "application/json"})
    if levels < 500:
        assert reply.status_code == 201
        assert metadata in reply.text
    else:
        assert reply.status_code == 400
        assert one.customers() == 0


def test_odd_keys_come_back(one: Merchant) -> None:
    """Metadata with the names of a prototype, no name and names of names comes back as it went."""
    metadata = {"__proto__": {"a": 1}, "": "nothing", "constructor": "x", "a.b": ["1", 1, " two  blanks "]}
    assert one.post("/customers", person(metadata=metadata)).json()["metadata"] == metadata


def test_set_active_as_better_auth_does(one: Merchant, other: Merchant) -> None:
    """By id or slug, metadata as text; an unknown or foreign one is 403 and ends what was active."""
    path = "/authentication/organization/set-active"
    shown = one.post(path, {"organizationId": one.organization}).json()
    assert shown["metadata"] == '{"a":{"b":1}}'
    assert one.post(path, {"organizationSlug": shown["slug"]}).json()["id"] == one.organization
    assert one.post(path, {"organizationSlug": "no-such-shop"}).status_code == 400
    assert one.post(path, {}).status_code == 400
    for unknown in ("nothing", other.organization):
        assert one.post(path, {"organizationId": one.organization}).status_code == 200
        assert one.post(path, {"organizationId": unknown}).status_code == 403
        assert one.post("/customers", person()).status_code == 403


def test_other_origins_are_refused(http: httpx.Client) -> None:
    """A cookie without an origin, another site's origin and an absolute callback are 403, as with better-auth."""
    path, account = "/authentication/sign-up/email", {"name": "A", "email": "origin@example.com", "password": PASSWORD}
    for headers in ({"cookie": "a=b"}, {"origin": "https://evil.example"}):
        assert http.post(path, json=account, headers=headers).status_code == 403
    for callback in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        assert http.post(path, json={**account, "callbackURL": callback}).status_code == 403
    assert http.post(path, json={**account, "callbackURL": "/home"}).status_code == 200


@pytest.mark.parametrize(
    ("amount", "currency", "shown"), [(1234, "LSL", "12.34 LSL"), (1234, "JPY", "1234 JPY"), (1234, "KWD", "1.234 KWD")]
)
def test_page_knows_the_decimals(amount: int, currency: str, shown: str) -> None:
    """Amounts are in the currency's smallest unit, whatever its decimals."""
    assert page._money(amount, currency) == shown


def test_what_can_be_switched_on_is_found() -> None:
    """Every module's faults and variants are on the switchboard, and each can be switched on."""
    assert {fault.kind for fault in FAULTS.values()} >= {"schema", "tenancy", "state", "existing"}
    for name in FAULTS:
        assert behaviour_of((name,)) != behaviour_of()
    assert behaviour_of((), tuple(VARIANTS)) != behaviour_of()


@pytest.mark.parametrize(("entries", "wrong"), [((1,), TypeError), (("same", "same"), ValueError)])
def test_wrong_entries_are_refused(
    entries: tuple[object, ...], wrong: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of another type, and an id that is given twice, end the start."""
    fault = Fault("same", "any", MUST, "", lambda behaviour: behaviour, requirements=("API-STATUS-1",))
    rows = tuple(fault if entry == "same" else entry for entry in entries)
    monkeypatch.setattr(f"{faults.__name__}.schema.FAULTS", rows)
    with pytest.raises(wrong):
        gathered(faults, "FAULTS", Fault)


def test_package_without_entries_is_empty() -> None:
    """Modules that define nothing add nothing."""
    assert isinstance(variants, types.ModuleType)
    assert gathered(variants, "NOTHING", Variant) == {}


def test_a_member_without_a_name_stands_for_no_other(http: httpx.Client) -> None:
    """A body that has a member named by the empty text still lacks what it lacks."""
    body = {"": None, "name": "Thabo"}
    assert http.post("/authentication/sign-up/email", json=body).status_code == 400
