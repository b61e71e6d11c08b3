"""Values that do not come back as they went."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.behaviour import Change
from sandbox.changes import put
from sandbox.faults.builders import (
    alter,
    edited,
    editing,
    every,
    first,
    longer_than,
    previous,
    receiving,
    sends,
    succeeding,
    when,
)
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SIGN_IN,
    SIGN_UP,
    Json,
)


def _cut(length: int) -> Callable[[Json], Json]:
    return lambda value: value[:length]


def _questioned(value: Json) -> Json:
    return str(value).encode("ascii", "replace").decode()


def _amount(change: Callable[[int], Json]) -> Change:
    return receiving(CREATE_CHECKOUT, "totalAmount", change)


def _flat(metadata: Json) -> Json:
    return {name: value for name, value in metadata.items() if not isinstance(value, (dict, list))}


FAULTS = table(
    "echo",
    Fault(
        "signup-name-cut-at-64",
        SIGN_UP,
        MUST,
        "a name longer than 64 characters comes back cut",
        editing(SIGN_UP, alter("name", _cut(64))),
        requirements=("SIGNUP-ECHO-2",),
    ),
    Fault(
        "signup-name-without-unicode",
        SIGN_UP,
        MUST,
        "letters outside ASCII come back as question marks",
        editing(SIGN_UP, alter("name", _questioned)),
        requirements=("SIGNUP-ECHO-2",),
    ),
    Fault(
        "signup-name-of-previous",
        SIGN_UP,
        MUST,
        "the name is that of the sign-up before",
        editing(SIGN_UP, previous("name")),
        requirements=("SIGNUP-ECHO-2",),
    ),
    Fault(
        "signup-email-cut-at-64",
        SIGN_UP,
        MUST,
        "an e-mail longer than 64 characters comes back cut",
        editing(SIGN_UP, alter("email", _cut(64))),
        requirements=("SIGNUP-ECHO-1",),
    ),
    Fault(
        "signin-user-id-of-session",
        SIGN_IN,
        MUST,
        "user.id differs at each sign-in",
        succeeding(SIGN_IN, lambda call, reply: edited(SIGN_IN, put("id", reply.body["token"][:32]))(call, reply)),
        requirements=("SIGNIN-ECHO-1",),
    ),
    Fault(
        "signin-user-of-first-signin",
        SIGN_IN,
        MUST,
        "user.id is that of the first who ever signed in",
        editing(SIGN_IN, first("id")),
        requirements=("SIGNIN-ECHO-1",),
    ),
    Fault(
        "signin-every-3rd-other-user-id",
        SIGN_IN,
        MUST,
        "user.id is at every third sign-in another one",
        succeeding(SIGN_IN, every(3, edited(SIGN_IN, alter("id", lambda value: value[::-1])))),
        requirements=("SIGNIN-ECHO-1",),
    ),
    Fault(
        "organization-name-upper-cased",
        CREATE_ORGANIZATION,
        MUST,
        "the name comes back in capitals",
        receiving(CREATE_ORGANIZATION, "name", str.upper),
        requirements=("ORG-ECHO-1",),
    ),
    Fault(
        "organization-name-cut-at-64",
        CREATE_ORGANIZATION,
        MUST,
        "a name longer than 64 characters is kept cut",
        receiving(CREATE_ORGANIZATION, "name", _cut(64)),
        requirements=("ORG-ECHO-1",),
    ),
    Fault(
        "organization-slug-suffixed",
        CREATE_ORGANIZATION,
        MUST,
        "the slug gets a -1 at its end",
        receiving(CREATE_ORGANIZATION, "slug", lambda slug: f"{slug}-1"),
        requirements=("ORG-ECHO-2",),
    ),
    Fault(
        "organization-slug-dashes-dropped",
        CREATE_ORGANIZATION,
        MUST,
        "dashes of the slug are dropped",
        receiving(CREATE_ORGANIZATION, "slug", lambda slug: slug.replace("-", "") or "slug"),
        requirements=("ORG-ECHO-2",),
    ),
    Fault(
        "customer-name-title-cased",
        CREATE_CUSTOMER,
        MUST,
        "the name comes back with each word in lower case but its first letter",
        receiving(CREATE_CUSTOMER, "name", str.title),
        requirements=("CUSTOMER-ECHO-3", "CUSTOMER-READ-1"),
    ),
    Fault(
        "customer-phone-without-plus",
        CREATE_CUSTOMER,
        MUST,
        "the phone number loses its plus",
        receiving(CREATE_CUSTOMER, "phoneNumber", lambda phone: phone[1:]),
        requirements=("CUSTOMER-ECHO-4", "CUSTOMER-READ-1"),
    ),
    Fault(
        "customer-metadata-nested-dropped",
        CREATE_CUSTOMER,
        MUST,
        "objects and lists inside metadata are dropped",
        receiving(CREATE_CUSTOMER, "metadata", _flat),
        requirements=("CUSTOMER-ECHO-5",),
    ),
    Fault(
        "customer-every-5th-another-name",
        CREATE_CUSTOMER,
        MUST,
        "every fifth customer comes back with a foreign name",
        succeeding(CREATE_CUSTOMER, every(5, edited(CREATE_CUSTOMER, put("name", "John Doe")))),
        requirements=("CUSTOMER-ECHO-3",),
    ),
    Fault(
        "checkout-amount-off-by-one",
        CREATE_CHECKOUT,
        MUST,
        "totalAmount is one too low",
        _amount(lambda amount: amount - 1),
        requirements=("CHECKOUT-ECHO-1",),
    ),
    Fault(
        "checkout-currency-always-usd",
        CREATE_CHECKOUT,
        MUST,
        "currency is always USD",
        receiving(CREATE_CHECKOUT, "currency", lambda _: "USD"),
        requirements=("CHECKOUT-ECHO-2",),
    ),
    Fault(
        "checkout-every-4th-amount-zero",
        CREATE_CHECKOUT,
        MUST,
        "totalAmount of every fourth session is 0",
        succeeding(CREATE_CHECKOUT, every(4, edited(CREATE_CHECKOUT, put("totalAmount", 0)))),
        requirements=("CHECKOUT-ECHO-1",),
    ),
    Fault(
        "checkout-long-success-url-cut",
        CREATE_CHECKOUT,
        MUST,
        "a successUrl longer than 64 characters comes back cut",
        succeeding(
            CREATE_CHECKOUT,
            when(sends("successUrl", longer_than(64)), edited(CREATE_CHECKOUT, alter("successUrl", _cut(64)))),
        ),
        requirements=("CHECKOUT-ECHO-4",),
    ),
)
