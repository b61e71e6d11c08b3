"""The optional reads: who may read, what is shown, and what other methods do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import arriving, drop, finishing, put
from sandbox.faults.builders import Rewrite, editing, somebody, status, succeeding
from sandbox.faults.model import MUST, SHOULD, Fault, table
from sandbox.model import GET_CHECKOUT, GET_CUSTOMER, LIST_CUSTOMERS, Json, JsonObject, Reply
from sandbox.store import Session

ITEMS = {GET_CUSTOMER: "/customers/", GET_CHECKOUT: "/checkout/sessions/"}


def _of(operation: str, number: int, rewrite: Rewrite) -> Change:
    """Run over the refusals of a status of one read."""
    return finishing(
        lambda call, reply: rewrite(call, reply) if (call.operation, reply.status) == (operation, number) else reply
    )


def _instead(name: str) -> Rewrite:
    """Another of the named refusals."""
    return lambda call, _: call.behaviour.write_problem(call, call.behaviour.refusals[name])


def _owner_for_nobody(operation: str, name: str) -> Change:
    """Whoever has no token is taken for a member of the organization whose thing is read."""

    def change(behaviour: Behaviour) -> Behaviour:
        def find(call: Call) -> Session | None:
            if call.operation != operation or "authorization" in call.headers:
                return behaviour.find_session(call)
            rows = call.store.execute(
                f"SELECT s.* FROM session s JOIN member m ON m.user_id = s.user_id"
                f" JOIN {name} t ON t.merchant_id = m.organization_id WHERE t.id = ? LIMIT 1",
                (call.parameter,),
            )
            return Session(*rows[0]) if rows else None

        return replace(behaviour, find_session=find)

    return change


def _page(change: Callable[[Call, JsonObject], None]) -> Change:
    """Change a page of the list: its rows and its numbers."""

    def rewrite(call: Call, reply: Reply) -> Reply:
        page = {"data": list(reply.body["data"]), "pagination": dict(reply.body["pagination"])}
        change(call, page)
        return replace(reply, body=page)

    return succeeding(LIST_CUSTOMERS, rewrite)


def _number(name: str, value: Callable[[JsonObject], Json]) -> Change:
    def change(_: Call, page: JsonObject) -> None:
        page["pagination"][name] = value(page)

    return _page(change)


def _without_inline(call: Call, page: JsonObject) -> None:
    rows = call.store.execute("SELECT customer_id FROM checkout GROUP BY customer_id HAVING count(*) = 1")
    attached = {row[0] for row in rows}
    page["data"] = [row for row in page["data"] if row["id"] not in attached]


def _first_again(call: Call, page: JsonObject) -> None:
    offset = page["pagination"]["offset"]
    rows, _ = call.store.customers(str(call.caller.active), 1, 0)
    if offset and page["data"]:
        page["data"][0] = {**page["data"][0], "id": rows[0].id}


def _stranger(call: Call, page: JsonObject) -> None:
    rows = call.store.execute("SELECT id FROM customer WHERE merchant_id != ? LIMIT 1", (call.caller.active,))
    if rows and page["data"]:
        page["data"].append({**page["data"][0], "id": rows[0][0]})


def _deleting(operation: str, name: str) -> Change:
    """Whatever method is refused, the thing is gone."""

    def arrive(call: Call) -> Reply | None:
        if call.method in ("DELETE", "PUT", "PATCH") and call.path.startswith(ITEMS[operation]):
            _delete(call, name)
        return None

    return arriving(arrive)


def _delete(call: Call, name: str) -> None:
    call.store.execute(f"DELETE FROM {name} WHERE id = ?", (call.path.rpartition("/")[2],))


def _accepting(operation: str) -> Change:
    """Anybody's DELETE, PUT and PATCH are answered with 200."""

    def arrive(call: Call) -> Reply | None:
        changes = call.method in ("DELETE", "PUT", "PATCH") and call.path.startswith(ITEMS[operation])
        return Reply(200, {"success": True}) if changes else None

    return arriving(arrive)


def _deleted_by_anybody(operation: str, name: str) -> Change:
    """DELETE, alone of all other methods, is carried out for any account."""

    def arrive(call: Call) -> Reply | None:
        if call.method != "DELETE" or not call.path.startswith(ITEMS[operation]) or "authorization" not in call.headers:
            return None
        _delete(call, name)
        return Reply(200, {"deleted": True})

    return arriving(arrive)


FAULTS = table(
    "reads",
    *(
        fault
        for operation, short, what in ((GET_CUSTOMER, "CUSTOMER", "customer"), (GET_CHECKOUT, "CHECKOUT", "checkout"))
        for fault in (
            Fault(
                f"{what}-read-by-anybody",
                operation,
                MUST,
                "the read asks for no token",
                _owner_for_nobody(operation, what),
                requirements=(f"{short}-READ-22",),
            ),
            Fault(
                f"{what}-read-unauthenticated-404",
                operation,
                SHOULD,
                "the read without a token is 404",
                _of(operation, 401, _instead("not-there")),
                requirements=(f"{short}-READ-23",),
            ),
            Fault(
                f"{what}-read-unknown-200",
                operation,
                MUST,
                "the read of what does not exist is 200",
                _of(operation, 404, status(200)),
                requirements=(f"{short}-READ-24", f"{short}-TENANT-4"),
            ),
            Fault(
                f"{what}-read-unknown-400",
                operation,
                SHOULD,
                "the read of what does not exist is 400",
                _of(operation, 404, _instead("invalid")),
                requirements=(f"{short}-READ-25",),
            ),
            Fault(
                f"{what}-read-without-times",
                operation,
                MUST,
                "the read leaves the times out",
                editing(operation, drop("createdAt", "updatedAt")),
                requirements=(f"{short}-READ-20",),
            ),
            Fault(
                f"{what}-read-metadata-empty",
                operation,
                MUST,
                "the read shows no metadata",
                editing(operation, put("metadata", {})),
                requirements=(f"{short}-READ-21",),
            ),
            Fault(
                f"{what}-deleted-by-refused-method",
                operation,
                MUST,
                "DELETE, PUT and PATCH are refused, and delete",
                _deleting(operation, what),
                requirements=(f"{short}-READ-26",),
            ),
            Fault(
                f"{what}-changed-by-anybody",
                operation,
                MUST,
                "DELETE, PUT and PATCH of anybody are answered with 200",
                _accepting(operation),
                requirements=(f"{short}-READ-26",),
            ),
            Fault(
                f"{what}-deleted-by-anybody",
                operation,
                MUST,
                "DELETE of any account is carried out",
                _deleted_by_anybody(operation, what),
                requirements=(f"{short}-READ-26",),
            ),
        )
    ),
    Fault(
        "customers-listed-for-anybody",
        LIST_CUSTOMERS,
        MUST,
        "the list asks for no token",
        somebody(LIST_CUSTOMERS, lambda call: "authorization" not in call.headers),
        requirements=("CUSTOMER-LIST-25",),
    ),
    Fault(
        "customers-unauthenticated-404",
        LIST_CUSTOMERS,
        SHOULD,
        "the list without a token is 404",
        _of(LIST_CUSTOMERS, 401, _instead("not-there")),
        requirements=("CUSTOMER-LIST-26",),
    ),
    Fault(
        "customers-more-always",
        LIST_CUSTOMERS,
        MUST,
        "the list always says that there are more",
        _number("hasMore", lambda _: True),
        requirements=("CUSTOMER-LIST-24",),
    ),
    Fault(
        "customers-limit-as-text",
        LIST_CUSTOMERS,
        MUST,
        "the limit of a page is a text",
        _number("limit", lambda page: str(page["pagination"]["limit"])),
        requirements=("CUSTOMER-LIST-20",),
    ),
    Fault(
        "customers-without-inline",
        LIST_CUSTOMERS,
        MUST,
        "customers of checkout sessions are not in the list",
        _page(_without_inline),
        requirements=("CUSTOMER-LIST-21", "CUSTOMER-LIST-24"),
    ),
    Fault(
        "customers-first-again",
        LIST_CUSTOMERS,
        MUST,
        "later pages begin with the first customer",
        _page(_first_again),
        requirements=("CUSTOMER-LIST-21", "CUSTOMER-LIST-23"),
    ),
    Fault(
        "customers-with-a-stranger",
        LIST_CUSTOMERS,
        MUST,
        "each page has another merchant's customer too",
        _page(_stranger),
        requirements=("CUSTOMER-LIST-22", "CUSTOMER-LIST-21", "CUSTOMER-LIST-24", "API-LEAK-23"),
    ),
)
