"""Values that do not come back as they went."""

from __future__ import annotations

import html
from collections.abc import Callable

from sandbox.faults.builders import (
    alter,
    copy,
    drop,
    edited,
    editing,
    every,
    first,
    longer_than,
    not_ascii,
    plus_addressed,
    previous,
    put,
    receiving,
    sends,
    succeeding,
    swap,
    when,
    without_plus,
)
from sandbox.faults.model import MUST, SHOULD, Change, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SIGN_IN,
    SIGN_UP,
    Call,
    Json,
    JsonObject,
)

BIG = 999_999
WORD = 2**31


def _cut(length: int) -> Callable[[Json], Json]:
    return lambda value: value[:length]


def _questioned(value: Json) -> Json:
    return str(value).encode("ascii", "replace").decode()


def _mojibake(value: Json) -> Json:
    return str(value).encode().decode("latin-1")


def _amount(change: Callable[[int], Json]) -> Change:
    return receiving(CREATE_CHECKOUT, "totalAmount", change)


def _flat(metadata: Json) -> Json:
    return {name: value for name, value in metadata.items() if not isinstance(value, (dict, list))}


def _as_text(metadata: Json) -> Json:
    return {name: value if isinstance(value, str) else str(value) for name, value in metadata.items()}


def _lower_keys(metadata: Json) -> Json:
    return {name.lower(): value for name, value in metadata.items()}


def _owner(call: Call, customer: JsonObject) -> None:
    customer["merchantId"] = call.caller.user_id


FAULTS = table(
    "echo",
    (
        "signup-name-cut-at-64",
        SIGN_UP,
        MUST,
        "a name longer than 64 characters comes back cut",
        editing(SIGN_UP, alter("name", _cut(64))),
    ),
    (
        "signup-name-upper-cased",
        SIGN_UP,
        MUST,
        "the name comes back in capitals",
        editing(SIGN_UP, alter("name", str.upper)),
    ),
    (
        "signup-name-escaped",
        SIGN_UP,
        MUST,
        "& < > in a name come back as HTML entities",
        editing(SIGN_UP, alter("name", html.escape)),
    ),
    (
        "signup-name-without-unicode",
        SIGN_UP,
        MUST,
        "letters outside ASCII come back as question marks",
        editing(SIGN_UP, alter("name", _questioned)),
    ),
    (
        "signup-name-and-email-swapped",
        SIGN_UP,
        MUST,
        "name and email come back in each other's place",
        editing(SIGN_UP, swap("name", "email")),
    ),
    (
        "signup-name-is-local-part",
        SIGN_UP,
        MUST,
        "the name is made from the e-mail",
        editing(SIGN_UP, copy("email", "name"), alter("name", lambda email: email.partition("@")[0])),
    ),
    (
        "signup-name-of-previous",
        SIGN_UP,
        MUST,
        "the name is that of the sign-up before",
        editing(SIGN_UP, previous("name")),
    ),
    (
        "signup-email-plus-dropped",
        SIGN_UP,
        MUST,
        "a plus-addressed e-mail comes back without its tag",
        editing(SIGN_UP, alter("email", without_plus)),
    ),
    (
        "signup-email-cut-at-64",
        SIGN_UP,
        MUST,
        "an e-mail longer than 64 characters comes back cut",
        editing(SIGN_UP, alter("email", _cut(64))),
    ),
    (
        "signup-email-masked",
        SIGN_UP,
        MUST,
        "the e-mail comes back masked",
        editing(SIGN_UP, alter("email", lambda email: email[0] + "***" + email[email.index("@") :])),
    ),
    (
        "signin-user-id-of-session",
        SIGN_IN,
        MUST,
        "user.id differs at each sign-in",
        succeeding(SIGN_IN, lambda call, reply: edited(SIGN_IN, put("id", reply.body["token"][:32]))(call, reply)),
    ),
    (
        "signin-user-of-first-signin",
        SIGN_IN,
        MUST,
        "user.id is that of the first who ever signed in",
        editing(SIGN_IN, first("id")),
    ),
    (
        "signin-every-3rd-other-user-id",
        SIGN_IN,
        MUST,
        "user.id is at every third sign-in another one",
        succeeding(SIGN_IN, every(3, edited(SIGN_IN, alter("id", lambda value: value[::-1])))),
    ),
    (
        "organization-name-upper-cased",
        CREATE_ORGANIZATION,
        MUST,
        "the name comes back in capitals",
        receiving(CREATE_ORGANIZATION, "name", str.upper),
    ),
    (
        "organization-name-cut-at-64",
        CREATE_ORGANIZATION,
        MUST,
        "a name longer than 64 characters is kept cut",
        receiving(CREATE_ORGANIZATION, "name", _cut(64)),
    ),
    (
        "organization-name-mojibake",
        CREATE_ORGANIZATION,
        MUST,
        "UTF-8 in a name is read as Latin-1",
        receiving(CREATE_ORGANIZATION, "name", _mojibake),
    ),
    (
        "organization-slug-suffixed",
        CREATE_ORGANIZATION,
        MUST,
        "the slug gets a -1 at its end",
        receiving(CREATE_ORGANIZATION, "slug", lambda slug: f"{slug}-1"),
    ),
    (
        "organization-slug-from-name",
        CREATE_ORGANIZATION,
        MUST,
        "the slug that comes back is the name",
        editing(CREATE_ORGANIZATION, copy("name", "slug")),
    ),
    (
        "organization-slug-dashes-dropped",
        CREATE_ORGANIZATION,
        MUST,
        "dashes of the slug are dropped",
        receiving(CREATE_ORGANIZATION, "slug", lambda slug: slug.replace("-", "") or "slug"),
    ),
    (
        "organization-name-and-slug-swapped",
        CREATE_ORGANIZATION,
        MUST,
        "name and slug come back in each other's place",
        editing(CREATE_ORGANIZATION, swap("name", "slug")),
    ),
    (
        "customer-name-cut-at-32",
        CREATE_CUSTOMER,
        MUST,
        "a name longer than 32 characters is kept cut",
        receiving(CREATE_CUSTOMER, "name", _cut(32)),
    ),
    (
        "customer-name-without-unicode",
        CREATE_CUSTOMER,
        MUST,
        "letters outside ASCII become question marks",
        receiving(CREATE_CUSTOMER, "name", _questioned),
    ),
    (
        "customer-name-null-for-unicode",
        CREATE_CUSTOMER,
        MUST,
        "a name with letters outside ASCII comes back as null",
        succeeding(CREATE_CUSTOMER, when(sends("name", not_ascii), edited(CREATE_CUSTOMER, put("name", None)))),
    ),
    (
        "customer-name-title-cased",
        CREATE_CUSTOMER,
        MUST,
        "the name comes back with each word in lower case but its first letter",
        receiving(CREATE_CUSTOMER, "name", str.title),
    ),
    (
        "customer-email-missing-for-plus",
        CREATE_CUSTOMER,
        MUST,
        "a plus-addressed e-mail does not come back",
        succeeding(CREATE_CUSTOMER, when(sends("email", plus_addressed), edited(CREATE_CUSTOMER, drop("email")))),
    ),
    (
        "customer-email-plus-dropped",
        CREATE_CUSTOMER,
        MUST,
        "a plus-addressed e-mail is kept without its tag",
        receiving(CREATE_CUSTOMER, "email", without_plus),
    ),
    (
        "customer-email-and-name-swapped",
        CREATE_CUSTOMER,
        MUST,
        "email and name come back in each other's place",
        editing(CREATE_CUSTOMER, swap("email", "name")),
    ),
    (
        "customer-phone-without-plus",
        CREATE_CUSTOMER,
        MUST,
        "the phone number loses its plus",
        receiving(CREATE_CUSTOMER, "phoneNumber", lambda phone: phone[1:]),
    ),
    (
        "customer-phone-last-four",
        CREATE_CUSTOMER,
        MUST,
        "only the last four digits of the phone number come back",
        editing(CREATE_CUSTOMER, alter("phoneNumber", lambda phone: "*" * (len(phone) - 4) + phone[-4:])),
    ),
    (
        "customer-phone-null",
        CREATE_CUSTOMER,
        MUST,
        "the phone number comes back as null",
        editing(CREATE_CUSTOMER, put("phoneNumber", None)),
    ),
    (
        "customer-metadata-emptied",
        CREATE_CUSTOMER,
        MUST,
        "metadata is kept as {}",
        receiving(CREATE_CUSTOMER, "metadata", lambda _: {}),
    ),
    (
        "customer-metadata-nested-dropped",
        CREATE_CUSTOMER,
        MUST,
        "objects and lists inside metadata are dropped",
        receiving(CREATE_CUSTOMER, "metadata", _flat),
    ),
    (
        "customer-metadata-as-text",
        CREATE_CUSTOMER,
        MUST,
        "numbers and flags inside metadata become text",
        receiving(CREATE_CUSTOMER, "metadata", _as_text),
    ),
    (
        "customer-metadata-keys-lower-cased",
        CREATE_CUSTOMER,
        MUST,
        "names inside metadata come back in lower case",
        receiving(CREATE_CUSTOMER, "metadata", _lower_keys),
    ),
    (
        "customer-metadata-of-previous",
        CREATE_CUSTOMER,
        MUST,
        "metadata is that of the customer before",
        editing(CREATE_CUSTOMER, previous("metadata")),
    ),
    (
        "customer-merchant-id-is-user",
        CREATE_CUSTOMER,
        MUST,
        "merchantId is the user's id",
        editing(CREATE_CUSTOMER, _owner),
    ),
    (
        "customer-every-5th-another-name",
        CREATE_CUSTOMER,
        MUST,
        "every fifth customer comes back with a foreign name",
        succeeding(CREATE_CUSTOMER, every(5, edited(CREATE_CUSTOMER, put("name", "John Doe")))),
    ),
    (
        "checkout-amount-times-100",
        CREATE_CHECKOUT,
        MUST,
        "totalAmount is multiplied by 100",
        _amount(lambda amount: amount * 100),
    ),
    (
        "checkout-amount-in-major-units",
        CREATE_CHECKOUT,
        MUST,
        "totalAmount is divided by 100",
        _amount(lambda amount: amount / 100),
    ),
    (
        "checkout-amount-rounded",
        CREATE_CHECKOUT,
        MUST,
        "totalAmount is rounded to whole hundreds",
        _amount(lambda amount: (amount + 50) // 100 * 100),
    ),
    (
        "checkout-amount-off-by-one",
        CREATE_CHECKOUT,
        MUST,
        "totalAmount is one too low",
        _amount(lambda amount: amount - 1),
    ),
    (
        "checkout-amount-capped",
        CREATE_CHECKOUT,
        MUST,
        "totalAmount above 999999 becomes 999999",
        _amount(lambda amount: min(amount, BIG)),
    ),
    (
        "checkout-amount-wraps-at-32-bits",
        CREATE_CHECKOUT,
        MUST,
        "totalAmount above 2^31 wraps into the negative",
        _amount(lambda amount: (amount + WORD) % (2 * WORD) - WORD),
    ),
    (
        "checkout-amount-single-precision",
        CREATE_CHECKOUT,
        MUST,
        "amounts above 999999 keep six digits",
        _amount(lambda amount: int(float(f"{amount:.6g}"))),
    ),
    (
        "checkout-currency-lower-cased",
        CREATE_CHECKOUT,
        MUST,
        "currency comes back in lower case",
        editing(CREATE_CHECKOUT, alter("currency", str.lower)),
    ),
    (
        "checkout-currency-always-usd",
        CREATE_CHECKOUT,
        MUST,
        "currency is always USD",
        receiving(CREATE_CHECKOUT, "currency", lambda _: "USD"),
    ),
    (
        "checkout-currency-of-first",
        CREATE_CHECKOUT,
        MUST,
        "currency is that of the first session ever",
        editing(CREATE_CHECKOUT, first("currency")),
    ),
    (
        "checkout-merchant-id-is-session",
        CREATE_CHECKOUT,
        MUST,
        "merchantId is the session's own id",
        editing(CREATE_CHECKOUT, copy("id", "merchantId")),
    ),
    (
        "checkout-every-4th-amount-zero",
        CREATE_CHECKOUT,
        MUST,
        "totalAmount of every fourth session is 0",
        succeeding(CREATE_CHECKOUT, every(4, edited(CREATE_CHECKOUT, put("totalAmount", 0)))),
    ),
    (
        "checkout-urls-swapped",
        CREATE_CHECKOUT,
        SHOULD,
        "successUrl and cancelUrl come back in each other's place",
        editing(CREATE_CHECKOUT, swap("successUrl", "cancelUrl")),
    ),
    (
        "checkout-metadata-of-previous",
        CREATE_CHECKOUT,
        SHOULD,
        "metadata is that of the session before",
        editing(CREATE_CHECKOUT, previous("metadata")),
    ),
    (
        "checkout-long-success-url-cut",
        CREATE_CHECKOUT,
        SHOULD,
        "a successUrl longer than 64 characters comes back cut",
        succeeding(
            CREATE_CHECKOUT,
            when(sends("successUrl", longer_than(64)), edited(CREATE_CHECKOUT, alter("successUrl", _cut(64)))),
        ),
    ),
)
