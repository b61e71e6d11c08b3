"""What is taken for something else: the same session, a pattern, a path, or a host that a header names."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Final
from urllib.parse import urlsplit

from sandbox import policies
from sandbox.behaviour import Call
from sandbox.changes import admitting, arriving, both, with_seams
from sandbox.faults.builders import again_by, editing, receiving, sent_object, somebody, with_lax_rule
from sandbox.faults.model import ANY, SHOULD, Fault, must, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    SIGN_IN,
    SIGN_UP,
    Json,
    JsonObject,
    Reply,
)
from sandbox.validation import is_currency, is_web_address

_BEGINNING: Final = 64
_PUBLIC: Final = ("/authentication/sign-in", "/authentication/sign-up")
_FILTERED: Final = re.compile("passw|secret|token")
_CARD: Final = re.compile(r"\b[0-9]{9,15}([0-9]{4})\b")
_PART: Final = re.compile(r'name="([^"]*)"\r\n\r\n(.*?)\r\n--', re.DOTALL)


def _beginnings(value: Json) -> Json:
    """Cut every text, as a key of a cache does."""
    if isinstance(value, str):
        return value[:_BEGINNING]
    if isinstance(value, dict):
        return {name: _beginnings(inner) for name, inner in value.items()}
    return [_beginnings(inner) for inner in value] if isinstance(value, list) else value


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _taken_by_pattern(call: Call) -> None:
    """The e-mail is looked up as a pattern of SQL."""
    pattern = str(call.fields["email"]).lower()
    if call.store.execute("SELECT 1 FROM user WHERE lookup LIKE ?", (pattern,)):
        call.refuse("email-taken")


def _taken_by_customer(call: Call) -> None:
    """Accounts and customers are persons of one table, in which an e-mail stands once."""
    if call.store.execute("SELECT 1 FROM customer WHERE lower(email) = ?", (str(call.fields["email"]).lower(),)):
        call.refuse("email-taken")


def _at_any_domain(call: Call) -> None:
    """Where nobody has the e-mail of a sign-in, it is that of an account with the same name before the @."""
    email = str(call.fields["email"]).lower()
    if call.store.user_by_lookup(email) is None:
        found = call.store.execute("SELECT email FROM user WHERE lookup LIKE ?", (f"{email.partition('@')[0]}@%",))
        if found:
            call.body = {**call.fields, "email": found[0][0]}


def _lists_of_numbers(value: Json) -> Json:
    """Write objects whose names count from 0 as lists, as where both are arrays."""
    if isinstance(value, list):
        return [_lists_of_numbers(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    inner = {name: _lists_of_numbers(held) for name, held in value.items()}
    is_list = bool(inner) and list(inner) == [str(number) for number in range(len(inner))]
    return list(inner.values()) if is_list else inner


def _lacks_scheme_at_most(value: Json) -> bool:
    return is_web_address(value) or (isinstance(value, str) and value[:1] != "/" and is_web_address(f"https://{value}"))


def _names_public_path(call: Call) -> bool:
    return call.headers.get("x-original-url", "").startswith(_PUBLIC)


def _on_forwarded_host(call: Call, session: JsonObject) -> None:
    host = call.headers.get("x-forwarded-host")
    if host:
        session["sessionUrl"] = urlsplit(session["sessionUrl"])._replace(netloc=host).geturl()


def _filtered(metadata: Json) -> Json:
    """What may not be in the log is not in the record either."""
    if not isinstance(metadata, dict):
        return metadata
    return {name: "[FILTERED]" if _FILTERED.search(name) else value for name, value in metadata.items()}


def _masked_cards(metadata: Json) -> Json:
    if not isinstance(metadata, dict):
        return metadata
    return {
        name: _CARD.sub(r"************\1", value) if isinstance(value, str) else value
        for name, value in metadata.items()
    }


def _customer_of_metadata(call: Call) -> None:
    """Without a customer, whoever has the e-mail in the metadata becomes one, who is not attached."""
    body = call.fields
    email = body["metadata"].get("customerEmail") if isinstance(body.get("metadata"), dict) else None
    if email and body.get("customerId") is None and body.get("customer") is None:
        policies.new_customer(call, str(body.get("merchantId") or call.caller.active), {"email": email})


def _product_of_name(_: Call, session: JsonObject) -> None:
    """Line items are put together by their names."""
    products: dict[str, Json] = {}
    for item in session["lineItems"] or []:
        if isinstance(item, dict) and "productId" in item:
            item["productId"] = products.setdefault(str(item.get("name")), item["productId"])


def _metadata_over_fields(_: Call, customer: JsonObject) -> None:
    told = customer["metadata"] if isinstance(customer["metadata"], dict) else {}
    customer |= {name: told[name] for name in ("name", "email", "phoneNumber") if name in told}


def _none_of_active(call: Call, session: JsonObject) -> None:
    """The merchant is looked at where a session has a customer."""
    if session["customerId"] is None and call.caller.active:
        session["merchantId"] = call.caller.active


def _of_three(value: Json) -> bool:
    return isinstance(value, str) and len(value) == 3 and value.isalpha() and value.isupper()


def _in_parts(call: Call) -> Reply | None:
    """A form in parts is read like one that is encoded in a URL."""
    if call.headers.get("content-type", "").startswith("multipart/form-data") and not sent_object(call):
        fields = dict(_PART.findall(call.raw.decode("utf-8", "replace")))
        call.raw = json.dumps({name: _as_sent(value) for name, value in fields.items()}).encode()
        call.headers = {**call.headers, "content-type": "application/json"}
    return None


def _as_sent(value: str) -> Json:
    try:
        read: Json = json.loads(value)
    except ValueError:
        return value
    return read if isinstance(read, dict | list) else value


FAULTS = table(
    "told apart",
    must(
        "signup-password-composed-alone",
        SIGN_UP,
        "a password is brought to one form of Unicode at sign-up, and not at sign-in",
        both(
            receiving(SIGN_UP, "password", lambda value: unicodedata.normalize("NFC", str(value))),
            with_seams(password_key=lambda password: password),
        ),
        "SIGNIN-STATUS-1",
    ),
    must(
        "signup-email-is-pattern",
        SIGN_UP,
        "an underscore in an e-mail stands for any character where it is looked up whether the e-mail is taken",
        admitting(SIGN_UP, _taken_by_pattern),
        "SIGNUP-STATUS-1",
    ),
    must(
        "signup-email-of-customer-taken",
        SIGN_UP,
        "the e-mail of any merchant's customer is taken",
        admitting(SIGN_UP, _taken_by_customer),
        "SIGNUP-STATUS-1",
    ),
    must(
        "signin-domain-overlooked",
        SIGN_IN,
        "where nobody has the e-mail of a sign-in, an account of another domain with the same name is signed in",
        admitting(SIGN_IN, _at_any_domain),
        "SIGNIN-AUTH-2",
    ),
    must(
        "signin-password-ends-at-colon",
        SIGN_IN,
        "what follows a colon in a password does not count",
        with_seams(password_key=lambda password: password.partition(":")[0]),
        "SIGNIN-AUTH-34",
    ),
    must(
        "customer-metadata-numbered-as-list",
        CREATE_CUSTOMER,
        "an object in metadata whose names count from 0 comes back as a list",
        receiving(CREATE_CUSTOMER, "metadata", _lists_of_numbers),
        "CUSTOMER-ECHO-5",
    ),
    must(
        "rewritten-requests-let-in",
        ANY,
        "a header that names a public path as the one before takes the place of a token",
        somebody(ANY, _names_public_path),
        "CUSTOMER-AUTH-31",
        "CHECKOUT-AUTH-31",
    ),
    must(
        "checkout-same-but-for-ends-of-texts",
        CREATE_CHECKOUT,
        "a session that differs from another behind the 64th character of a text alone is answered with that one",
        again_by(lambda body: json.dumps(_beginnings(body), sort_keys=True)),
        "CHECKOUT-UNIQUE-5",
    ),
    must(
        "checkout-same-but-for-null",
        CREATE_CHECKOUT,
        "a session that differs from another in a null of its metadata alone is answered with that one",
        again_by(lambda body: json.dumps(_without_nulls(body), sort_keys=True)),
        "CHECKOUT-UNIQUE-5",
    ),
    must(
        "checkout-url-on-forwarded-host",
        CREATE_CHECKOUT,
        "the URL of a session is on the host that the client names in a header",
        editing(CREATE_CHECKOUT, _on_forwarded_host),
        "CHECKOUT-PROPERTY-20",
    ),
    must(
        "customer-metadata-filtered",
        CREATE_CUSTOMER,
        "values of metadata whose names speak of a password, a secret or a token are replaced",
        receiving(CREATE_CUSTOMER, "metadata", _filtered),
        "CUSTOMER-ECHO-5",
    ),
    must(
        "checkout-metadata-cards-masked",
        CREATE_CHECKOUT,
        "long numbers in the texts of metadata are masked as those of cards",
        receiving(CREATE_CHECKOUT, "metadata", _masked_cards),
        "CHECKOUT-ECHO-7",
    ),
    must(
        "none-makes-customer-of-metadata",
        CREATE_CHECKOUT,
        "a session without a customer makes one of the e-mail in its metadata",
        admitting(CREATE_CHECKOUT, _customer_of_metadata),
        "CHECKOUT-NONE-3",
    ),
    must(
        "checkout-product-of-the-name",
        CREATE_CHECKOUT,
        "line items of one name come back with the product of the first of them",
        editing(CREATE_CHECKOUT, _product_of_name),
        "CHECKOUT-ECHO-8",
    ),
    must(
        "customer-metadata-over-fields",
        CREATE_CUSTOMER,
        "metadata by the name of a customer's field take its place",
        editing(CREATE_CUSTOMER, _metadata_over_fields),
        "CUSTOMER-ECHO-2",
    ),
    must(
        "checkout-none-for-active",
        CREATE_CHECKOUT,
        "a session without a customer is the active organization's, whichever the request names",
        editing(CREATE_CHECKOUT, _none_of_active),
        "CHECKOUT-ECHO-3",
    ),
    Fault(
        "checkout-currency-of-any-alphabet",
        CREATE_CHECKOUT,
        SHOULD,
        "three capital letters of any alphabet are accepted as a currency",
        with_lax_rule(CREATE_CHECKOUT, "currency", "format", lambda value: is_currency(value) or _of_three(value)),
        ("CHECKOUT-VALID-5",),
    ),
    Fault(
        "checkout-url-without-scheme",
        CREATE_CHECKOUT,
        SHOULD,
        "a success URL without a scheme is accepted",
        with_lax_rule(CREATE_CHECKOUT, "successUrl", "format", _lacks_scheme_at_most),
        ("CHECKOUT-VALID-6",),
    ),
    Fault(
        "checkout-currency-of-digits",
        CREATE_CHECKOUT,
        SHOULD,
        "the number of a currency is accepted in the place of its letters",
        with_lax_rule(CREATE_CHECKOUT, "currency", "format", lambda value: is_currency(value) or value == "840"),
        ("CHECKOUT-VALID-5",),
    ),
    Fault(
        "forms-in-parts-accepted",
        ANY,
        SHOULD,
        "a form in parts (multipart/form-data) is accepted",
        arriving(_in_parts),
        ("SIGNUP-BODY-2", "SIGNIN-BODY-2", "ORG-BODY-2", "ACTIVE-BODY-2", "CUSTOMER-BODY-2"),
    ),
)
