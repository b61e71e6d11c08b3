"""The optional reads, as strictly as the six operations: who may read, what is shown, and what changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

from pytest_bdd import parsers, then, when

from conformance.errors import NotTested, Why
from conformance.run import Run
from conformance.values import MISSING, exactly, fact_key, first_field, is_whole, shown
from conformance.wire.client import encode
from conformance.wire.exchange import Call, Exchange, Intent
from steps import made_up, operations
from steps.access import COOKIES, spellings
from steps.checkout import attached, loses_customer
from steps.customers import (
    OWNERS,
    SECONDS_BEHIND,
    changed_fields,
    item_path,
    needs_read,
    no_read,
    read,
    read_back,
    refuse_read,
)
from steps.fixtures import Story, need
from steps.keepsakes import METHOD_HEADERS, keepsakes
from steps.lookalikes import BEGINNING, almost
from steps.merchant import Merchant
from steps.merchants import any_customer, call, create_checkout, create_customer, organization_id, send, text_field
from steps.organizations import make_active
from steps.shown import as_told, differing_fields, documented, expires_sooner, resting

_CHANGES: Final = {"name": "Changed", "metadata": {}, "status": "complete", "deletedAt": "2001-02-03T04:05:06.000Z"}
_PERSON: Final = "customer"
_PATIENCE: Final = 2.5
_PAUSE: Final = 0.25
_ODD: Final = (
    f"o%27brien%20%F0%9F%98%80{'x' * 300}",
    "%25",
    "%27%20OR%20%271%27%3D%271",
    "%E0%A4",
    "a%00b",
    *("%27", "0", "-1", "null", "a%20b", "%F0%9F%98%80", "x" * 300, "..%2F..%2Fcustomers"),
)
"""Ids of another form than any; the first is odd in all ways at once, then come a wildcard, SQL, no UTF-8, and NUL.
A gate takes the first and the last two of these for both reads, and one of the others for each."""
_NO_TOKEN: Final = "Zm9yZ2Vk" * 4
_OF_READS: Final = ("a slash at the end", "a double slash in front", "a capital", "an encoded letter", "an ending")
"""Spellings of a path that leave the id at its end as it is, or as a router may read it."""
_LATE_PAGE: Final = "limit=2&offset=9223372036854775808"
"""An offset that 64 bits do not hold."""
_EMPTY_PAGE: Final = "limit=2&offset=100000"
_ODD_PAGES: Final = (
    "limit=0",
    "limit=-1",
    "limit=many",
    "limit=99999999999999999999",
    "offset=-1",
    "limit=2&limit=x",
    "limit=2&sort=-conformance&order=sideways",
)
_FIRST_PAGE: Final = "?limit=100&offset=0"
BEGINS_WITH_CUSTOMERS: Final = "a new organization has customers"
CHANGED: Final = "changed by its merchant:"
_OF_A_LIST: Final = {
    "CUSTOMER-LIST-21": "all customers of the organization",
    "CUSTOMER-LIST-22": "customers of this organization alone",
    "CUSTOMER-LIST-23": "each customer once",
    "CUSTOMER-LIST-29": "what the creation answered",
}
_PAGE: Final = ("limit", "offset", "total", "hasMore")
_KINDS: Final = {
    "customer": operations.CREATE_CUSTOMER,
    "checkout session": operations.CREATE_CHECKOUT,
}
_SHORT: Final = {operations.CREATE_CUSTOMER: "CUSTOMER", operations.CREATE_CHECKOUT: "CHECKOUT"}


def settled(ask: Callable[[], Exchange], there: Callable[[Exchange], bool]) -> Exchange:
    """Read until what was created is there, for as long as reads may lag behind; return the last exchange."""
    until = time.monotonic() + _PATIENCE
    while not there(exchange := ask()) and exchange.is_success and time.monotonic() < until:
        time.sleep(_PAUSE)
    return exchange


@when(parsers.parse("a {kind} of the merchant is read that the target shows"))
def read_shown(story: Story, kind: str) -> None:
    run, operation = story.run, _KINDS[kind]
    if operation == operations.CREATE_CUSTOMER:
        created = run.need_success(create_customer(run, story.actor))
    else:
        person = operations.create_customer.person(run)
        created = run.need_success(create_checkout(run, story.actor, customer=person))
    identifier = text_field(created, "id")
    found = needs_read(run, story.actor, operation, identifier)
    story.notes.update(operation=operation, id=identifier, created=created, shown=found)
    story.add(found)


@then("it is shown completely, as its schema says")
def shown_completely(story: Story) -> None:
    run, operation, found = story.run, story.notes["operation"], story.notes["shown"]
    status = run.contract.operations[operation].success[0]
    breaches = run.contract.breaches(operation, status, found.response_json)
    got = "; ".join(f"`{breach.path}` {breach.expected}, got {shown(breach.got)}" for breach in breaches)
    short = _SHORT[operation]
    run.check(not breaches, "a body as the creation documents it", got, found, f"{short}-READ-20")
    differing = [] if breaches else differing_fields(run, story.notes["created"], found.response_json)
    if operation == operations.CREATE_CHECKOUT and loses_customer(story.notes["created"], found):
        differing.append(f"the customer {attached(story.notes['created'])} is not attached")
    if sooner := expires_sooner(story.notes["created"], found):
        differing.append(sooner)
    run.check(not differing, "what the creation answered", "; ".join(differing), found, f"{short}-READ-21")
    _with_media_type(story, f"{short}-READ-20")


def _with_media_type(story: Story, requirement: str) -> None:
    """Decide that a client may name a media type in a read, which has no body: many name it in all that they send.

    Some name its length as well.
    """
    run, path = story.run, item_path(story.run, story.notes["operation"], story.notes["id"])
    exchange = read_back(run, path, story.actor, {"Content-Type": "application/json", "Content-Length": "0"})
    told = "the same with a Content-Type and a Content-Length of 0"
    run.check(exchange.is_success, told, exchange.outcome, exchange, requirement)


@then("it is read with a token alone")
def read_with_token_alone(story: Story) -> None:
    """Of the two reads, one is asked for by HEAD without a token, the other one with another merchant's."""
    run, path = story.run, item_path(story.run, story.notes["operation"], story.notes["id"])
    family = f"{_SHORT[story.notes['operation']]}-READ"
    _without_token(story, path, family, 22)
    exchange = read_back(run, path, story.actor)
    run.check(exchange.is_success, "what was refused has changed nothing", exchange.outcome, exchange, f"{family}-26")
    if story.notes["operation"] == operations.CREATE_CUSTOMER:
        asked, told, must = Call("HEAD", path), "a refusal of HEAD without a token", f"{family}-22"
    else:
        asked = Call("HEAD", path, token=story.rival.token, actor=story.rival.key)
        told, must = "a refusal of HEAD by another merchant", f"{family}-26"
    exchange = run.send(asked)
    run.check(400 <= exchange.status < 500, told, exchange.outcome, exchange, must)
    if story.notes["operation"] == operations.CREATE_CUSTOMER:
        run.send(Call("HEAD", path, token=story.actor.token, actor=story.actor.key))


def _without_token(story: Story, path: str, family: str, number: int) -> None:
    """Decide that nothing is shown to nobody (a MUST), and that the refusal is a 401 (the SHOULD after it).

    A token in the query is none, and stands in logs; a refusal of that may be any 4xx.
    """
    run, token = story.run, story.actor.token
    query = urlencode({"token": token, "access_token": token})
    own = story.merchants.cookies(story.actor)
    cookies = "; ".join([*(f"{name}={token}" for name in COOKIES), *filter(None, [own])])
    in_query = f"{path}{'&' if '?' in path else '?'}{query}"
    forms = {
        "the token in the query and in a cookie": Call("GET", in_query, headers={"Cookie": cookies}),
        "a made-up token": Call("GET", path, headers={"Authorization": f"Bearer {_NO_TOKEN}", "If-None-Match": "*"}),
    }
    for what, one in forms.items():
        exchange = run.send(one)
        held = 400 <= exchange.status < 500
        run.check(held, f"{what} opens nothing", exchange.outcome, exchange, f"{family}-{number}")
    for what, other in _chosen_spellings(run, path, family).items():
        exchange = run.send(Call("GET", other))
        told = f"no customer or session without a token by the path with {what}"
        run.check(not _shows(exchange), told, exchange.outcome, exchange, f"{family}-{number}")
    exchange = run.send(Call("OPTIONS", path))
    told = "no customer or session without a token by OPTIONS"
    run.check(not _shows(exchange), told, exchange.outcome, exchange, f"{family}-{number}")
    exchange = run.send(Call("GET", path))
    held = 400 <= exchange.status < 500
    run.check(held, "a refusal without a token", exchange.outcome, exchange, f"{family}-{number}")
    if held:
        right = exchange.status == HTTPStatus.UNAUTHORIZED
        run.check(right, "status 401", exchange.outcome, exchange, f"{family}-{number + 1}")


@then("an id that does not exist is unknown")
def unknown_is_unknown(story: Story) -> None:
    """The beginning of an id may be that of another thing, which is shown with it."""
    run, operation = story.run, story.notes["operation"]
    short, unknown = _SHORT[operation], made_up.unknown_id(run, story.notes["id"])
    exchange = read(run, item_path(run, operation, unknown), story.actor)
    held = 400 <= exchange.status < 500
    run.check(held, "a refusal with a 4xx", exchange.outcome, exchange, f"{short}-READ-24")
    if held:
        right = exchange.status == HTTPStatus.NOT_FOUND
        run.check(right, "status 404", exchange.outcome, exchange, f"{short}-READ-25")
    own = _ODD[1 if operation == operations.CREATE_CUSTOMER else 2]
    odd = _ODD if run.settings.size == "full" else (_ODD[0], own, *_ODD[3:5])
    beginning = almost(story.notes["id"]).get(BEGINNING)
    if beginning:
        odd = (*odd, quote(beginning, safe=""))
    for name in odd:
        exchange = read(run, f"{run.contract.operations[operation].path}/{name}", story.actor)
        is_of_another = beginning is not None and first_field(exchange.response_json, ["id"]) == beginning
        held = exchange.status < 500 and (is_of_another or not _shows_one(exchange))
        run.check(held, "an orderly refusal of an odd id", exchange.outcome, exchange, f"{short}-READ-24")


@then(parsers.parse("the id of a {kind} reads nothing"))
def id_of_another_kind(story: Story, kind: str) -> None:
    run, operation = story.run, story.notes["operation"]
    if _KINDS[kind] == operations.CREATE_CUSTOMER:
        identifier = attached(story.notes["created"])
        need(isinstance(identifier, str), "the session names no customer")
    else:
        identifier = text_field(keepsakes(run, story.actor).session, "id")
    exchange = read(run, item_path(run, operation, identifier), story.actor)
    held = not exchange.is_success or first_field(exchange.response_json, ["id"]) in (MISSING, identifier)
    run.check(held, f"a refusal of the id of a {kind}", exchange.outcome, exchange, f"{_SHORT[operation]}-READ-24")


def _chosen_spellings(run: Run, path: str, family: str) -> dict[str, str]:
    """Return other spellings of the path of one thing: all in a full run, in a gate two that the other read has not."""
    plain, mark, query = path.partition("?")
    every = {what: f"{other}{mark}{query}" for what, other in spellings(plain).items() if what in _OF_READS}
    if run.settings.size == "full":
        return every
    names = run.random("spellings of reads").sample(list(every), len(every))
    chosen = {"CUSTOMER-READ": names[:2], "CHECKOUT-READ": names[2:4]}.get(family, [])
    return {what: every[what] for what in chosen}


def _shows(exchange: Exchange) -> bool:
    """Return whether a response shows a customer or session, or a list of them; a web page shows neither."""
    return exchange.is_success and (_shows_one(exchange) or bool(rows_of(exchange)))


def _shows_one(exchange: Exchange) -> bool:
    """Return whether a read shows a thing with an id; a server may take an odd id for another path, such as a list."""
    return exchange.is_success and isinstance(first_field(exchange.response_json, ["id"]), str)


def _chosen(run: Run, values: tuple[str, ...], purpose: str) -> tuple[str, ...]:
    return values if run.settings.size == "full" else (run.random(purpose).choice(values),)


@then("other methods by other merchants change nothing, at the moment of another read")
def other_methods_change_nothing(story: Story) -> None:
    """A method may be carried out for the merchant, where the target offers it; then nothing is left to compare.

    A gate tries DELETE, which servers have the most often, and one other method, which the other read has not.
    """
    run, operation = story.run, story.notes["operation"]
    name = f"{_SHORT[operation]}-READ-26"
    path = item_path(run, operation, story.notes["id"])
    body = encode(_CHANGES)
    others = ["PATCH", "PUT", "POST"]
    run.random("methods of reads").shuffle(others)
    if operation == operations.CREATE_CHECKOUT:
        others.reverse()
    methods = ["DELETE", *others]
    full = run.settings.size == "full"
    exchange = run.send(Call("DELETE", path))
    held = 400 <= exchange.status < 500
    run.check(held, "DELETE without a token is refused", exchange.outcome, exchange, name)
    for method in methods if full else methods[:2]:
        exchange = _try(run, method, path, body, story.rival)
        held = 400 <= exchange.status < 500
        run.check(held, f"{method} by another merchant is refused", exchange.outcome, exchange, name)
        _names_allowed(run, exchange, f"{_SHORT[operation]}-READ-28")
    carried_out = False
    for method in methods if full else methods[2:3]:
        exchange = _try(run, method, path, body, story.actor)
        carried_out |= exchange.is_success
        run.check(exchange.status < 500, f"no 5xx to {method}", exchange.outcome, exchange, name)
        _names_allowed(run, exchange, f"{_SHORT[operation]}-READ-28")
    if carried_out:
        run.shared.tell(f"{CHANGED} {story.notes['id']}", True)
        raise NotTested("the target offers to change what was created", Why.CAPABILITY)
    after = _read_beside_another(story, path)
    if not after.is_success:
        after = read_back(run, path, story.actor)
    before, now = (documented(run, operation, resting(one.response_json)) for one in (story.notes["shown"], after))
    same = after.is_success and _as_it_was(before, as_told(run, operation, before, now))
    run.check(same, "what was refused has changed nothing", after.outcome, after, name)


def _as_it_was(before: dict[str, Any], now: dict[str, Any]) -> bool:
    """Return whether nothing has changed, in the fields that both bodies show; in those of the attached customer too.

    An optional field may be shown now and then, and one that had no value, and that no request named, may get one.
    """
    for name in before.keys() & now.keys():
        one, other = before[name], now[name]
        if name == _PERSON and isinstance(one, dict) and isinstance(other, dict):
            same = _as_it_was(one, other)
        else:
            same = exactly(one, other) or (one is None and name not in _CHANGES)
        if not same:
            return False
    return True


def _names_allowed(run: Run, exchange: Exchange, must: str) -> None:
    """Decide that a 405 names the methods that are allowed; a target that answers otherwise has nothing to name."""
    if exchange.response is None or exchange.status != HTTPStatus.METHOD_NOT_ALLOWED or exchange.gateway:
        return
    told = exchange.response.header("allow")
    names = {name.strip() for name in (told or "").split(",")}
    held = "GET" in names and exchange.call.method not in names
    got = "no Allow" if told is None else f"Allow: {told}"
    run.check(held, "Allow with GET, without the method that was refused", got, exchange, must)


def _read_beside_another(story: Story, path: str) -> Exchange:
    """Return how something reads at the same moment as another thing of its kind: each reads as itself.

    Where the target limits the rate of reads, it is read alone.
    """
    run, operation, must = story.run, story.notes["operation"], f"{_SHORT[story.notes['operation']]}-READ-27"
    made = keepsakes(run, story.actor)
    other = text_field(made.customer if operation == operations.CREATE_CUSTOMER else made.session, "id")
    paths = {story.notes["id"]: path, other: item_path(run, operation, other)}
    calls = [Call("GET", one, token=story.actor.token, actor=story.actor.key) for one in paths.values()]
    try:
        exchanges = run.send_together(calls)
    except NotTested:
        return read(run, path, story.actor)
    mixed = False
    for identifier, exchange in zip(paths, exchanges, strict=True):
        got = first_field(exchange.response_json, ["id"])
        if exchange.is_success:
            mixed |= not run.check(got == identifier, f"id {identifier}", f"id {got}", exchange, must)
    return read(run, path, story.actor) if mixed else exchanges[0]


def _try(run: Run, method: str, path: str, body: bytes, merchant: Merchant) -> Exchange:
    """Send another method; POST with headers that some frameworks take for the method that is meant."""
    sent = None if method == "DELETE" else body
    headers = METHOD_HEADERS if method == "POST" else {}
    return run.send(Call(method, path, body=sent, headers=headers, token=merchant.token, actor=merchant.key))


@when("the merchant has a new organization with three customers")
def new_organization_with_customers(story: Story) -> None:
    """Two customers of one name, one of whom has two sessions, and one who is created with a checkout session.

    Before them comes a session without any.

    The third one's name has accents, where the target takes them, so that a list in another encoding is seen.
    """
    run, spare = story.run, story.merchants.spare(story.actor)
    refuse_read(run, "customers")
    if not any(list_customers(run, story.actor, query).is_success for query in ("", "?limit=1&offset=0")):
        raise no_read(run, "customers", "the target does not list customers")
    body = {**operations.create_organization.body(run), "name": made_up.shop_name(run)}
    created = run.need_success(send(run, operations.CREATE_ORGANIZATION, body, spare, intent=Intent.VALID))
    scope = replace(spare, organization_id=organization_id(created))
    run.need_success(make_active(run, scope, scope.organization_id, intent=Intent.VALID))
    story.notes["begun with"] = _begun_with(run, scope, story.rival)
    run.need_success(create_checkout(run, scope))
    for exchange in _two_of_one_name(run, scope):
        run.need_success(exchange)
        story.customers.append(text_field(exchange, "id"))
        story.exchanges.append(exchange)
    for _ in range(2):
        run.need_success(create_checkout(run, scope, customerId=story.customers[0]))
    person = {**operations.create_customer.person(run), "name": made_up.ACCENTED}
    session = create_checkout(run, scope, Intent.UNUSUAL, "a name with accents", customer=person)
    if not session.is_success:
        person = operations.create_customer.person(run)
        session = run.need_success(create_checkout(run, scope, customer=person))
    customer = attached(session)
    need(isinstance(customer, str), "the session names no customer")
    story.customers.append(customer)
    story.notes.update(scope=scope, inline=(customer, person))


def _begun_with(run: Run, merchant: Merchant, other: Merchant) -> set[str]:
    """Return the customers with whom an organization begins, as in a demo; nobody of the run or of another merchant."""
    found = _listed_ids(list_customers(run, merchant, _FIRST_PAGE))
    if found:
        found -= _listed_ids(list_customers(run, other, _FIRST_PAGE))
        found = {name for name in found if fact_key(name) not in run.known(OWNERS)}
    if found:
        run.shared.tell(BEGINS_WITH_CUSTOMERS, True)
    return found


def _listed_ids(page: Exchange) -> set[str]:
    return {str(first_field(row, ["id"])) for row in rows_of(page)}


def _two_of_one_name(run: Run, merchant: Merchant) -> list[Exchange]:
    """Create two customers at the same moment, so that one may be lost from the list; one by one under a limit."""
    bodies = [
        {**operations.create_customer.body(run, merchant.organization_id), "name": made_up.NAME} for _ in range(2)
    ]
    calls = [call(run, operations.CREATE_CUSTOMER, body, merchant, intent=Intent.VALID) for body in bodies]
    if run.limited(operations.CREATE_CUSTOMER):
        return [run.send(one) for one in calls]
    return run.send_together(calls)


def list_customers(run: Run, merchant: Merchant, query: str) -> Exchange:
    """The optional list of a merchant's customers, asked with a query: returns the exchange."""
    return read(run, f"{run.contract.operations[operations.CREATE_CUSTOMER].path}{query}", merchant)


def in_words(names: Iterable[Any]) -> str:
    """Return names as a reader tells them."""
    return ", ".join(map(str, names)) or "none"


def rows_of(exchange: Exchange) -> list[Any]:
    """Return the customers that a page of the list shows."""
    rows = first_field(exchange.response_json, ["data"])
    return rows if isinstance(rows, list) else []


@then("the list has these three, each once, on pages that add up")
def list_is_complete(story: Story) -> None:
    """What is amiss is read again once reads have caught up: they may take turns between a store and a copy of it."""
    run, scope = story.run, story.notes["scope"]
    number = len(_expected(story))
    first = settled(
        lambda: list_customers(run, scope, "?limit=2&offset=0"),
        lambda exchange: first_field(exchange.response_json, ["pagination.total"]) == number,
    )
    pages = _pages(story, first)
    if any(_amiss(story, pages).values()):
        time.sleep(SECONDS_BEHIND)
        pages = _pages(story, list_customers(run, scope, "?limit=2&offset=0"))
    for page in pages:
        _well_formed(run, page)
    total = first_field(pages[0].response_json, ["pagination.total"])
    expected = "a total of three" if number == len(story.customers) else f"a total of {number}, with those from before"
    run.check(total == number, expected, f"{total}", pages[0], "CUSTOMER-LIST-24")
    amiss, last = _amiss(story, pages), pages[-1]
    for requirement, expected in _OF_A_LIST.items():
        run.check(not amiss[requirement], expected, amiss[requirement], last, requirement)
    if not any(amiss.values()) and number == len(story.customers):
        _begins_at_offset(story, [first_field(row, ["id"]) for page in pages for row in rows_of(page)])


def _expected(story: Story) -> list[str]:
    """Return whom the list of the new organization has: its three customers, and those with whom it began."""
    return [*story.customers, *story.notes["begun with"]]


def _begins_at_offset(story: Story, ids: list[Any]) -> None:
    """Decide that a page begins where it says to begin, at an offset that is no multiple of its limit, too.

    The two customers who were created at the same moment may change places.
    """

    def begins_there(page: Exchange) -> bool:
        got = [first_field(row, ["id"]) for row in rows_of(page)]
        return len(got) == len(ids[1:]) and set(got) != set(ids[:2])

    page = settled(lambda: list_customers(story.run, story.notes["scope"], "?limit=2&offset=1"), begins_there)
    if page.is_success and first_field(page.response_json, ["pagination.offset"]) == 1:
        got = in_words(first_field(row, ["id"]) for row in rows_of(page))
        told = f"all but the first of {in_words(ids)}"
        story.run.check(begins_there(page), told, got, page, "CUSTOMER-LIST-24")


def _pages(story: Story, first: Exchange) -> list[Exchange]:
    """Return all pages of the list of the new organization, of two customers each, from the first one on."""
    run, scope = story.run, story.notes["scope"]
    pages = [run.need_success(first)]
    while goes_on(pages[-1]) and len(pages) < len(_expected(story)):
        seen = sum(len(rows_of(page)) for page in pages)
        pages.append(run.need_success(list_customers(run, scope, f"?limit=2&offset={seen}")))
    return pages


def _amiss(story: Story, pages: list[Exchange]) -> dict[str, str]:
    """Return what is wrong with the rows of all pages, by requirement; empty where nothing is."""
    run, wanted = story.run, story.customers
    rows = [row for page in pages for row in rows_of(page) if isinstance(row, dict)]
    ids, shown_rows = [row.get("id") for row in rows], {row.get("id"): row for row in rows}
    lost = [identifier for identifier in wanted if identifier not in ids]
    strange = [identifier for identifier in ids if identifier not in _expected(story)]
    differing = [
        text
        for created in story.exchanges
        for text in differing_fields(run, created, shown_rows.get(text_field(created, "id"), {}))
    ]
    customer, sent = story.notes["inline"]
    differing += changed_fields(sent, shown_rows.get(customer, {}))
    return {
        "CUSTOMER-LIST-21": f"without {in_words(lost)}" if lost else "",
        "CUSTOMER-LIST-22": f"others too: {in_words(strange)}" if strange else "",
        "CUSTOMER-LIST-23": in_words(ids) if len(set(ids)) < len(ids) else "",
        "CUSTOMER-LIST-29": "; ".join(differing),
    }


def goes_on(exchange: Exchange) -> bool:
    """Return whether a page of the list says that more come after it."""
    return first_field(exchange.response_json, ["pagination.hasMore"]) is True and bool(rows_of(exchange))


def _well_formed(run: Run, exchange: Exchange) -> None:
    """Decide the shape of a page, that its numbers agree, and that it keeps to what was asked for."""
    page = first_field(exchange.response_json, ["pagination"])
    numbers = [first_field(page, [name]) for name in _PAGE]
    limit, offset, total, more = numbers
    right = all(map(is_whole, numbers[:3]))
    shaped = right and isinstance(more, bool) and isinstance(first_field(exchange.response_json, ["data"]), list)
    got = shown({name: first_field(page, [name]) for name in _PAGE if first_field(page, [name]) is not MISSING})
    run.check(shaped, "`data`, and `pagination` with its four fields", got, exchange, "CUSTOMER-LIST-20")
    if not shaped:
        return
    operation = run.contract.operations[operations.CREATE_CUSTOMER]
    broken = [
        f"`{breach.path}` {breach.expected}"
        for row in rows_of(exchange)
        for breach in run.contract.breaches(operation.id, operation.success[0], row)
    ]
    run.check(not broken, "customers as the creation documents them", "; ".join(broken), exchange, "CUSTOMER-LIST-20")
    count = len(rows_of(exchange))
    agree = count <= limit and more == (offset + count < total)
    told = f"{count} customers with {got}"
    run.check(agree, "`hasMore` where the page does not reach the total", told, exchange, "CUSTOMER-LIST-24")


@then("the list of all pages agrees with itself")
def long_list_agrees(story: Story) -> None:
    """The first page of a hundred; it holds those whom the run has created, or says at least that there are so many."""
    run, merchant = story.run, story.actor
    found = run.known(OWNERS)
    known = {name for name, owner in found.items() if owner == merchant.organization_id}
    page = settled(
        lambda: list_customers(run, merchant, "?limit=100&offset=0"), lambda exchange: not _lost(exchange, known)
    )
    _well_formed(run, run.need_success(page))
    lost = _lost(page, known)
    total = first_field(page.response_json, ["pagination.total"])
    told = f"{total} in all, without {in_words(sorted(lost)[:3])}"
    run.check(not lost, f"the {len(known)} customers that this run created", told, page, "CUSTOMER-LIST-21")
    plain = settled(lambda: list_customers(run, merchant, ""), lambda exchange: not _lost(exchange, known))
    if not plain.is_success:
        return
    lost = _lost(plain, known)
    expected = f"the {len(known)} customers that this run created, or `hasMore`, where the query has no limit"
    run.check(not lost, expected, f"none of {in_words(sorted(lost)[:3])}", plain, "CUSTOMER-LIST-21")


def _lost(exchange: Exchange, known: set[str]) -> set[str]:
    """Return which customers a page lacks; none where it goes on and the total leaves room for all of them."""
    listed = {fact_key(first_field(row, ["id"])) for row in rows_of(exchange)}
    total = first_field(exchange.response_json, ["pagination.total"])
    leaves_room = goes_on(exchange) and is_whole(total) and total >= len(known)
    return set() if leaves_room else known - listed


@then("another merchant's id, or the e-mail of one of her customers, opens nothing")
def query_opens_nothing(story: Story) -> None:
    """A target may overlook the parameter, refuse it, or find nobody."""
    run, rival = story.run, story.rival.organization_id
    any_customer(run, story.rival)
    exchange = list_customers(run, story.actor, f"?merchantId={rival}&organizationId={rival}&limit=100")
    run.check(exchange.status < 500, "no 5xx", exchange.outcome, exchange, "CUSTOMER-LIST-27")
    _none_of_others(run, exchange, story.actor, "CUSTOMER-LIST-22")
    email = str(keepsakes(run, story.rival).customer.request_json["email"])
    path = f"{run.contract.operations[operations.CREATE_CUSTOMER].path}?{urlencode({'email': email, 'search': email})}"
    headers = dict.fromkeys(("X-Organization-Id", "X-Merchant-Id", "X-Tenant-Id"), rival)
    exchange = run.send(Call("GET", path, token=story.actor.token, actor=story.actor.key, headers=headers))
    _none_of_others(run, exchange, story.actor, "CUSTOMER-LIST-22")


@then("each of two merchants who read at the same moment sees her own customers")
def lists_together(story: Story) -> None:
    """The page of the merchant's new organization ends exactly with its last customer."""
    run, number = story.run, len(story.customers)
    path = f"{run.contract.operations[operations.CREATE_CUSTOMER].path}?limit={number}&offset=0"
    readers: tuple[Merchant, ...] = (story.notes["scope"], story.rival)
    calls = [Call("GET", path, token=reader.token, actor=reader.key) for reader in readers]
    for reader, exchange in zip(readers, run.send_together(calls), strict=True):
        run.check(exchange.is_success, "a list", exchange.outcome, exchange, "CUSTOMER-LIST-28")
        _well_formed(run, exchange)
        _none_of_others(run, exchange, reader, "CUSTOMER-LIST-28")


@then("the list is another one in the same session once another organization is active")
def list_moves_along(story: Story) -> None:
    """The list was read in this session before; a target may keep it, but for its organization alone."""
    run, spare = story.run, story.merchants.spare(story.actor)
    run.need_success(make_active(run, spare, story.actor.organization_id, intent=Intent.VALID))
    query = f"?limit={len(story.customers)}&offset=0"
    exchange = settled(lambda: list_customers(run, spare, query), lambda page: not _of_others(run, page, spare))
    _none_of_others(run, run.need_success(exchange), spare, "CUSTOMER-LIST-22")


def _of_others(run: Run, page: Exchange, reader: Merchant) -> list[str]:
    """Return the customers on a page who are known to be of other organizations."""
    owners = run.known(OWNERS)
    ids = [str(first_field(row, ["id"])) for row in rows_of(page)]
    return [name for name in ids if owners.get(fact_key(name), reader.organization_id) != reader.organization_id]


def _none_of_others(run: Run, exchange: Exchange, reader: Merchant, requirement: str) -> None:
    strange = _of_others(run, exchange, reader)
    told = f"others too: {in_words(strange[:3])}"
    run.check(not strange, "customers of the reader's organization alone", told, exchange, requirement)


@then("the list is read with a token alone")
def list_with_token_alone(story: Story) -> None:
    path = story.run.contract.operations[operations.CREATE_CUSTOMER].path
    _without_token(story, f"{path}?limit=1", "CUSTOMER-LIST", 25)


@then("an odd page is refused in an orderly way, or answered")
def odd_page(story: Story) -> None:
    for query in (_LATE_PAGE, _EMPTY_PAGE, *_chosen(story.run, _ODD_PAGES, "CUSTOMER-LIST-27")):
        exchange = list_customers(story.run, story.actor, f"?{query}")
        held = exchange.response is not None and exchange.status < 500
        story.run.check(held, "no 5xx", exchange.outcome, exchange, "CUSTOMER-LIST-27")
        if exchange.is_success:
            data = first_field(exchange.response_json, ["data"])
            told = "a list of customers, if only an empty one"
            story.run.check(isinstance(data, list), told, shown(data), exchange, "CUSTOMER-LIST-20")
