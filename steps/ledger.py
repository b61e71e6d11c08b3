"""The customers of the merchants at the end of a run: those who were created, as they were created, and nobody else."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_bdd import then, when

from conformance.checks.times import time_of
from conformance.run import Run
from conformance.values import MISSING, field, first_field, shown, texts
from conformance.wire.exchange import Exchange, Intent
from steps import operations
from steps.checkout import attached
from steps.customers import READS_LAG, SECONDS_BEHIND, changed_fields, no_read, refuse_read
from steps.fixtures import Story, need
from steps.merchant import Merchant
from steps.merchants import create_checkout
from steps.reads import BEGINS_WITH_CUSTOMERS, CHANGED, goes_on, list_customers, rows_of

_PAGE: Final = 100
_MOST_PAGES: Final = 8
_SHOWN: Final = 3
_HUGE: Final = 100_000
_CREATING: Final = (operations.CREATE_CUSTOMER, operations.CREATE_CHECKOUT)
_LEFT_AT_HOME: Final = dict(zip(_CREATING, ("CUSTOMER-STATE-52", "CHECKOUT-STATE-52"), strict=True))
_LEFT_ELSEWHERE: Final = dict(zip(_CREATING, ("CUSTOMER-TENANT-3", "CHECKOUT-TENANT-5"), strict=True))
_AS_CREATED: Final = "CUSTOMER-STATE-57"
_OF_THE_ACTIVE: Final = "CUSTOMER-LIST-22"
_TELLING: Final = ("email", "name", "phoneNumber")
_OF_NO_CUSTOMER: Final = "CHECKOUT-NONE-3"
_BY_NOBODY: Final = "asked for by no request"


@dataclass(frozen=True)
class Made:
    """A customer as it was created: its fields, whose it is, and whether the request was one that says so.

    The fields are those of the response, and where the customer came with a session, those of the request.
    """

    fields: Mapping[str, Any]
    merchant: Any
    is_plain: bool
    with_session: bool


@dataclass(frozen=True)
class Listed:
    """The pages of a merchant's list; `whole` says whether they are all."""

    merchant: Merchant
    pages: tuple[Exchange, ...]
    whole: bool

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row for page in self.pages for row in rows_of(page) if isinstance(row, dict)]

    def page_with(self, identifier: Any) -> Exchange:
        """Return the page that shows a customer, or the last one."""
        shows = (page for page in self.pages if any(field(row, "id") == identifier for row in rows_of(page)))
        return next(shows, self.pages[-1])


def made_in(exchanges: Iterable[Exchange]) -> dict[str, Made]:
    """Return the customers that requests have created, by their ids; what came first counts."""
    made: dict[str, Made] = {}
    for exchange in exchanges:
        identifier, fields = _customer_of(exchange)
        if exchange.is_success and isinstance(identifier, str) and isinstance(fields, dict):
            merchant = field(exchange.response_json, "merchantId")
            with_session = exchange.call.operation == operations.CREATE_CHECKOUT
            is_plain = exchange.call.intent is not Intent.ANY
            made.setdefault(identifier, Made(fields, merchant, is_plain, with_session))
    return made


def _customer_of(exchange: Exchange) -> tuple[Any, Any]:
    """Return the id of the customer whom a request has created or attached, and the customer's fields."""
    if exchange.call.operation == operations.CREATE_CHECKOUT:
        return attached(exchange), field(exchange.request_json, "customer")
    if exchange.call.method == "POST":
        return field(exchange.response_json, "id"), exchange.response_json
    return MISSING, MISSING


def _is_unclear(exchange: Exchange) -> bool:
    """Return whether a request may have been carried out though no response says so; a huge one was not even read."""
    lost = exchange.status == 0 or exchange.status >= 500 or bool(exchange.again)
    return lost and exchange.call.method == "POST" and len(exchange.request_body) <= _HUGE


def may_have_created(exchange: Exchange, row: dict[str, Any]) -> bool:
    """Return whether a success may have created a customer, in a response that is too large to be kept as a whole.

    Its id may stand in the part that is kept, or behind that where the request has asked for the customer. A read
    creates nobody: the page itself that lists the customer may be too large.
    """
    response = exchange.response
    is_made = exchange.is_success and exchange.call.method == "POST"
    if not is_made or response is None or response.json is not MISSING:
        return False
    return str(row.get("id")) in response.text or bool(_asked_for(exchange, row))


@when("the customers of both merchants are listed")
def lists_of_both(story: Story) -> None:
    run = story.run
    refuse_read(run, "customers")
    _sent(run)
    if run.shared.told(READS_LAG):
        time.sleep(SECONDS_BEHIND)
    story.notes["lists"] = [_listed(run, merchant) for merchant in (story.actor, story.rival) if merchant.organization]
    need(bool(story.notes["lists"]), "no organization was created by this run, so that others fill its list too")


def _sent(run: Run) -> list[Exchange]:
    """Return what may have created a customer so far; raise `NotTested` where it is not known what was carried out."""
    sent = run.sent_to(*_CREATING, "")
    told = "now and then no response of the target came, so that what it has carried out is not known"
    need(not any(map(_is_unclear, sent)), told)
    return sent


def _listed(run: Run, merchant: Merchant) -> Listed:
    pages: list[Exchange] = []
    seen, more = 0, True
    while more and len(pages) < _MOST_PAGES:
        page = list_customers(run, merchant, f"?limit={_PAGE}&offset={seen}")
        if not page.is_success:
            raise no_read(run, "customers", "the target does not list customers")
        pages.append(page)
        seen += len(rows_of(page))
        more = goes_on(page)
    return Listed(merchant, tuple(pages), whole=not more)


@when("a checkout session without a customer is created")
def without_customer(story: Story) -> None:
    story.run.need_success(create_checkout(story.run, story.actor))


@then("none of them came with a request that was refused, or with a session that has no customer")
def none_of_refused(story: Story) -> None:
    """Tests of other processes may create customers meanwhile, whose responses have come a moment later."""
    run, lists = story.run, story.notes["lists"]
    sent = _sent(run)
    made = made_in(sent)
    strange = _strange(run, lists, sent, made)
    if strange:
        time.sleep(SECONDS_BEHIND)
        sent = _sent(run)
        made = made_in(sent)
        strange = _strange(run, lists, sent, made)
    story.notes["made"] = made
    left: dict[str, list[tuple[str, Exchange]]] = {
        requirement: []
        for requirement in (*_LEFT_AT_HOME.values(), *_LEFT_ELSEWHERE.values(), _OF_NO_CUSTOMER, _AS_CREATED)
    }
    for listed, row in strange:
        requirement, asked = _left_by(listed.merchant, row, sent)
        told = f"{row.get('id')} ({row.get('email')}), {asked}"
        left[requirement].append((told, listed.page_with(row.get("id"))))
    of_nobody = [one for one in left[_OF_NO_CUSTOMER] if one[0].endswith(_BY_NOBODY)]
    if 2 * len(of_nobody) < sum(map(_is_for_nobody, sent)):
        left[_LEFT_AT_HOME[operations.CREATE_CUSTOMER]] += of_nobody
        left[_OF_NO_CUSTOMER] = [one for one in left[_OF_NO_CUSTOMER] if one not in of_nobody]
    for requirement, found in left.items():
        got = "; ".join(told for told, _ in found[:_SHOWN])
        page = found[0][1] if found else lists[0].pages[-1]
        run.check(not found, "customers alone whose creation was answered", got, page, requirement)


def _strange(
    run: Run, lists: Iterable[Listed], sent: Sequence[Exchange], made: Mapping[str, Made]
) -> list[tuple[Listed, dict[str, Any]]]:
    """Return the customers of each list whom no response has told; `made` are those who were created.

    Where new organizations have customers, those count who are older than the first one that the run has created.
    """
    strange = [
        (listed, row)
        for listed in lists
        for row in listed.rows
        if str(row.get("id")) not in made and not any(may_have_created(exchange, row) for exchange in sent)
    ]
    if strange and run.shared.told(BEGINS_WITH_CUSTOMERS):
        strange = [(listed, row) for listed, row in strange if not _is_older(row, listed.merchant, made)]
    return strange


def _is_older(row: Mapping[str, Any], merchant: Merchant, made: Mapping[str, Made]) -> bool:
    """Return whether a customer was created before all whom the run has created for the merchant."""
    own = [one for one in made.values() if one.merchant == merchant.organization_id and not one.with_session]
    times = [moment for one in own if (moment := time_of(one.fields.get("createdAt"))) is not None]
    created = time_of(row.get("createdAt"))
    return created is not None and bool(times) and created < min(times)


def _is_for_nobody(exchange: Exchange) -> bool:
    """Return whether a request has created a session without a customer."""
    is_session = exchange.is_success and exchange.call.operation == operations.CREATE_CHECKOUT
    return is_session and first_field(exchange.request_json, ["customerId", "customer"]) in (None, MISSING)


def _left_by(merchant: Merchant, row: dict[str, Any], sent: Iterable[Exchange]) -> tuple[str, str]:
    """Return the requirement that a customer breaks, and in words the request that asked for it.

    One whom no request names has come with a session that has no customer, where there are as many as of those, or
    where one of those has the e-mail in its metadata.
    """
    asked = [(exchange, operation) for exchange in sent if (operation := _asked_for(exchange, row))]
    for exchange, _ in asked:
        if exchange.is_success and exchange.call.actor == merchant.key:
            return _AS_CREATED, f"created with another id by no. {exchange.number} of the run, {exchange.summary}"
    for exchange, operation in asked:
        if 400 <= exchange.status < 500 and exchange.gateway is None:
            is_own = exchange.call.actor in ("", merchant.key)
            requirement = (_LEFT_AT_HOME if is_own else _LEFT_ELSEWHERE)[operation]
            return requirement, f"asked for by no. {exchange.number} of the run, {exchange.summary}"
    email = row.get("email")
    for exchange in sent:
        if isinstance(email, str) and email and _is_for_nobody(exchange) and email in exchange.request_text:
            return _OF_NO_CUSTOMER, f"named in the metadata alone by no. {exchange.number} of the run"
    return _OF_NO_CUSTOMER, _BY_NOBODY


def _asked_for(exchange: Exchange, row: dict[str, Any]) -> str:
    """Return by which operation a request asked for a customer, on whatever path; empty where it did not.

    A body that is no JSON asks for those whose e-mail stands in it.
    """
    sent = exchange.request_json
    if sent is MISSING and row.get("email") and str(row["email"]) in exchange.request_text:
        return exchange.call.operation or operations.CREATE_CUSTOMER
    for operation, person in (
        (operations.CREATE_CUSTOMER, sent),
        (operations.CREATE_CHECKOUT, field(sent, "customer")),
    ):
        named = [(field(person, name), row.get(name)) for name in _TELLING]
        if any(now is not None and str(value).casefold() == str(now).casefold() for value, now in named):
            return operation
    return ""


@then("each of them reads as it was created")
def each_as_created(story: Story) -> None:
    """What is amiss is read again once reads have caught up."""
    run, lists = story.run, story.notes["lists"]

    def amiss_in(listed: Listed) -> dict[str, str]:
        told = _amiss(listed, story.notes["made"], run.id)
        return {name: words for name, words in told.items() if not run.shared.told(f"{CHANGED} {name}")}

    if any(map(amiss_in, lists)):
        time.sleep(SECONDS_BEHIND)
        lists = [_listed(run, listed.merchant) if amiss_in(listed) else listed for listed in lists]
    for listed in lists:
        amiss = amiss_in(listed)
        strange = _of_others(listed, story.notes["made"])
        page = listed.page_with(next(iter(strange), None))
        told = ", ".join(strange[:_SHOWN])
        run.check(not strange, "customers of the reader's active organization", told, page, _OF_THE_ACTIVE)
        page = listed.page_with(next(iter(amiss), None))
        run.check(not amiss, "each customer as created", "; ".join([*amiss.values()][:_SHOWN]), page, _AS_CREATED)


def _of_others(listed: Listed, made: Mapping[str, Made]) -> list[str]:
    """Return the customers in a list who were created for another organization, as their creation answered."""
    owner = listed.merchant.organization_id
    known = {name: one for name, one in made.items() if one.is_plain and isinstance(one.merchant, str)}
    ids = [row.get("id") for row in listed.rows]
    return [name for name in ids if isinstance(name, str) and name in known and known[name].merchant != owner]


def _amiss(listed: Listed, made: Mapping[str, Made], mark: str) -> dict[str, str]:
    """Return what became of customers who are lost or changed, by their ids; `mark` is in all that the run makes up."""
    rows = {row.get("id"): row for row in listed.rows}
    owner = listed.merchant.organization_id
    own = {name: one for name, one in made.items() if one.is_plain and one.merchant == owner}
    marks = _rare_marks({name: one for name, one in own.items() if name in rows and not one.with_session}, rows)
    found: dict[str, str] = {}
    for identifier, one in own.items():
        if identifier not in rows:
            if listed.whole:
                found[identifier] = f"{identifier} is not in the list"
            continue
        changed = changed_fields(one.fields, rows[identifier])
        sent = {*texts(one.fields.get("metadata"))}
        strange = [text for text in texts(rows[identifier].get("metadata")) if mark in text and text not in sent]
        changed += [f"`metadata` has {shown(text)} of another request" for text in strange]
        changed += [f"`metadata` has {shown(name)}, which nobody sent" for name in marks.get(identifier, ())]
        if changed:
            found[identifier] = f"{identifier}: {', '.join(changed)}"
    return found


def _rare_marks(made: Mapping[str, Made], rows: Mapping[Any, dict[str, Any]]) -> dict[str, list[str]]:
    """Return by customer the names in its metadata that its creation did not answer, and that few customers have.

    What a target adds to the metadata of all customers is its own; what it adds to some is what a request has left.
    Whoever came with a session is left out: no response has told what the target adds there.
    """
    added = {
        identifier: _added(one.fields.get("metadata"), rows[identifier].get("metadata"))
        for identifier, one in made.items()
    }
    times = Counter(name for names in added.values() for name in names)
    rare = {name for name, number in times.items() if 2 * number < len(made)}
    return {identifier: sorted(names & rare) for identifier, names in added.items()}


def _added(before: Any, now: Any) -> set[str]:
    return {*now} - {*before} if isinstance(before, dict) and isinstance(now, dict) else set()
