"""Fields that are missing, renamed, null, of another type or of another format."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.faults.builders import (
    alter,
    body,
    copy,
    drop,
    edited,
    editing,
    editing_top,
    every,
    put,
    rename,
    succeeding,
)
from sandbox.faults.model import MUST, SHOULD, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Call,
    Json,
    JsonObject,
)


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written.replace("Z", "+00:00")).astimezone(UTC)


def _epoch(written: Json) -> Json:
    return int(_moment(written).timestamp() * 1000)


def _in_words(written: Json) -> Json:
    return _moment(written).strftime("%a %b %d %Y %H:%M:%S GMT+0000")


def _without_zone(written: Json) -> Json:
    return _moment(written).strftime("%Y-%m-%d %H:%M:%S")


def _date_alone(written: Json) -> Json:
    return _moment(written).date().isoformat()


def _number(_: Json) -> Json:
    return 4711


def _path_alone(url: Json) -> Json:
    return "/" + str(url).split("/", 3)[3]


def _in_data(content: Json) -> Json:
    return {"data": content}


def _in_list(content: Json) -> Json:
    return [content]


def _expired(_: Call, session: JsonObject) -> None:
    before = _moment(session["createdAt"]).timestamp() - 3600
    session["expiresAt"] = datetime.fromtimestamp(before, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


FAULTS = table(
    "schema",
    ("signup-user-missing", SIGN_UP, MUST, "sign-up answers without the user", editing_top(SIGN_UP, drop("user"))),
    ("signup-user-id-missing", SIGN_UP, MUST, "the new user has no id", editing(SIGN_UP, drop("id"))),
    ("signup-user-id-empty", SIGN_UP, MUST, "the new user's id is the empty string", editing(SIGN_UP, put("id", ""))),
    ("signup-user-id-number", SIGN_UP, MUST, "the new user's id is a number", editing(SIGN_UP, alter("id", _number))),
    (
        "signup-email-verified-string",
        SIGN_UP,
        MUST,
        "emailVerified is the text false",
        editing(SIGN_UP, put("emailVerified", "false")),
    ),
    (
        "signup-email-verified-missing",
        SIGN_UP,
        MUST,
        "emailVerified is missing",
        editing(SIGN_UP, drop("emailVerified")),
    ),
    (
        "signup-created-at-epoch",
        SIGN_UP,
        MUST,
        "createdAt is a number of milliseconds",
        editing(SIGN_UP, alter("createdAt", _epoch)),
    ),
    (
        "signup-created-at-in-words",
        SIGN_UP,
        MUST,
        "createdAt is a date in words, not RFC 3339",
        editing(SIGN_UP, alter("createdAt", _in_words)),
    ),
    ("signup-updated-at-missing", SIGN_UP, MUST, "updatedAt is missing", editing(SIGN_UP, drop("updatedAt"))),
    (
        "signup-token-number",
        SIGN_UP,
        MUST,
        "the token in the body is a number",
        editing_top(SIGN_UP, alter("token", _number)),
    ),
    (
        "signup-user-in-a-list",
        SIGN_UP,
        MUST,
        "the user comes inside a list",
        editing_top(SIGN_UP, alter("user", _in_list)),
    ),
    ("signup-body-in-data", SIGN_UP, MUST, "the answer is wrapped in data", succeeding(SIGN_UP, body(_in_data))),
    (
        "signup-email-renamed",
        SIGN_UP,
        MUST,
        "the user's email is called emailAddress",
        editing(SIGN_UP, rename("email", "emailAddress")),
    ),
    (
        "signup-every-3rd-without-user-id",
        SIGN_UP,
        MUST,
        "every third new user has no id",
        succeeding(SIGN_UP, every(3, edited(SIGN_UP, drop("id")))),
    ),
    ("signin-user-missing", SIGN_IN, MUST, "sign-in answers without the user", editing_top(SIGN_IN, drop("user"))),
    ("signin-user-email-null", SIGN_IN, MUST, "the user's email is null", editing(SIGN_IN, put("email", None))),
    (
        "signin-redirect-string",
        SIGN_IN,
        MUST,
        "redirect is the text false",
        editing_top(SIGN_IN, put("redirect", "false")),
    ),
    ("signin-url-number", SIGN_IN, MUST, "url is a number", editing_top(SIGN_IN, put("url", 0))),
    (
        "signin-token-object",
        SIGN_IN,
        MUST,
        "the token in the body is an object",
        editing_top(SIGN_IN, alter("token", lambda token: {"value": token})),
    ),
    (
        "signin-created-at-without-zone",
        SIGN_IN,
        MUST,
        "createdAt has neither T nor an offset",
        editing(SIGN_IN, alter("createdAt", _without_zone)),
    ),
    ("signin-user-image-number", SIGN_IN, MUST, "image is a number", editing(SIGN_IN, put("image", 7))),
    ("signin-email-verified-number", SIGN_IN, MUST, "emailVerified is 0", editing(SIGN_IN, put("emailVerified", 0))),
    (
        "organization-id-missing",
        CREATE_ORGANIZATION,
        MUST,
        "the organization has no id",
        editing(CREATE_ORGANIZATION, drop("id")),
    ),
    (
        "organization-id-number",
        CREATE_ORGANIZATION,
        MUST,
        "the organization's id is a number",
        editing(CREATE_ORGANIZATION, alter("id", _number)),
    ),
    (
        "organization-id-empty",
        CREATE_ORGANIZATION,
        MUST,
        "the organization's id is the empty string",
        editing(CREATE_ORGANIZATION, put("id", "")),
    ),
    (
        "organization-created-at-missing",
        CREATE_ORGANIZATION,
        MUST,
        "createdAt is missing",
        editing(CREATE_ORGANIZATION, drop("createdAt")),
    ),
    (
        "organization-created-at-date-alone",
        CREATE_ORGANIZATION,
        MUST,
        "createdAt is a date without a time",
        editing(CREATE_ORGANIZATION, alter("createdAt", _date_alone)),
    ),
    (
        "organization-slug-missing",
        CREATE_ORGANIZATION,
        MUST,
        "the slug is missing",
        editing(CREATE_ORGANIZATION, drop("slug")),
    ),
    (
        "organization-name-by-language",
        CREATE_ORGANIZATION,
        MUST,
        "the name is an object by language",
        editing(CREATE_ORGANIZATION, alter("name", lambda name: {"en": name})),
    ),
    (
        "organization-members-object",
        CREATE_ORGANIZATION,
        MUST,
        "members is an object, not an array",
        editing(CREATE_ORGANIZATION, put("members", {})),
    ),
    (
        "organization-metadata-number",
        CREATE_ORGANIZATION,
        MUST,
        "metadata is a number",
        editing(CREATE_ORGANIZATION, put("metadata", 1)),
    ),
    (
        "organization-in-data",
        CREATE_ORGANIZATION,
        MUST,
        "the organization is wrapped in data",
        succeeding(CREATE_ORGANIZATION, body(_in_data)),
    ),
    (
        "organization-in-a-list",
        CREATE_ORGANIZATION,
        MUST,
        "the organization comes inside a list",
        succeeding(CREATE_ORGANIZATION, body(_in_list)),
    ),
    (
        "organization-every-4th-created-at-null",
        CREATE_ORGANIZATION,
        MUST,
        "createdAt of every fourth organization is null",
        succeeding(CREATE_ORGANIZATION, every(4, edited(CREATE_ORGANIZATION, put("createdAt", None)))),
    ),
    ("set-active-empty-object", SET_ACTIVE, MUST, "set-active answers {}", succeeding(SET_ACTIVE, body(lambda _: {}))),
    (
        "set-active-success-string",
        SET_ACTIVE,
        MUST,
        "success is the text true",
        succeeding(SET_ACTIVE, body(lambda _: {"success": "true"})),
    ),
    (
        "set-active-success-false",
        SET_ACTIVE,
        MUST,
        "success is false although it is 200",
        succeeding(SET_ACTIVE, body(lambda _: {"success": False})),
    ),
    (
        "set-active-bare-text",
        SET_ACTIVE,
        MUST,
        "set-active answers the JSON string ok",
        succeeding(SET_ACTIVE, body(lambda _: "ok")),
    ),
    ("set-active-id-missing", SET_ACTIVE, MUST, "the organization has no id", editing(SET_ACTIVE, drop("id"))),
    ("set-active-metadata-list", SET_ACTIVE, MUST, "metadata is a list", editing(SET_ACTIVE, put("metadata", []))),
    (
        "set-active-created-at-epoch",
        SET_ACTIVE,
        MUST,
        "createdAt is a number of milliseconds",
        editing(SET_ACTIVE, alter("createdAt", _epoch)),
    ),
    ("customer-id-missing", CREATE_CUSTOMER, MUST, "the customer has no id", editing(CREATE_CUSTOMER, drop("id"))),
    ("customer-id-null", CREATE_CUSTOMER, MUST, "the customer's id is null", editing(CREATE_CUSTOMER, put("id", None))),
    (
        "customer-id-empty",
        CREATE_CUSTOMER,
        MUST,
        "the customer's id is the empty string",
        editing(CREATE_CUSTOMER, put("id", "")),
    ),
    (
        "customer-id-number",
        CREATE_CUSTOMER,
        MUST,
        "the customer's id is a number",
        editing(CREATE_CUSTOMER, alter("id", _number)),
    ),
    (
        "customer-merchant-id-missing",
        CREATE_CUSTOMER,
        MUST,
        "merchantId is missing",
        editing(CREATE_CUSTOMER, drop("merchantId")),
    ),
    (
        "customer-created-at-missing",
        CREATE_CUSTOMER,
        SHOULD,
        "createdAt is missing",
        editing(CREATE_CUSTOMER, drop("createdAt")),
    ),
    (
        "customer-updated-at-epoch",
        CREATE_CUSTOMER,
        SHOULD,
        "updatedAt is a number of milliseconds",
        editing(CREATE_CUSTOMER, alter("updatedAt", _epoch)),
    ),
    (
        "customer-created-at-in-words",
        CREATE_CUSTOMER,
        SHOULD,
        "createdAt is a date in words",
        editing(CREATE_CUSTOMER, alter("createdAt", _in_words)),
    ),
    (
        "customer-metadata-string",
        CREATE_CUSTOMER,
        MUST,
        "metadata comes back as JSON text",
        editing(CREATE_CUSTOMER, alter("metadata", lambda _: "{}")),
    ),
    (
        "customer-metadata-null",
        CREATE_CUSTOMER,
        MUST,
        "metadata comes back as null",
        editing(CREATE_CUSTOMER, put("metadata", None)),
    ),
    (
        "customer-deleted-at-false",
        CREATE_CUSTOMER,
        SHOULD,
        "deletedAt is false",
        editing(CREATE_CUSTOMER, put("deletedAt", False)),
    ),
    (
        "customer-phone-number-number",
        CREATE_CUSTOMER,
        MUST,
        "phoneNumber is a number",
        editing(CREATE_CUSTOMER, alter("phoneNumber", lambda phone: int(phone[1:]))),
    ),
    (
        "customer-snake-case",
        CREATE_CUSTOMER,
        MUST,
        "merchantId is called merchant_id",
        editing(CREATE_CUSTOMER, rename("merchantId", "merchant_id")),
    ),
    (
        "customer-in-data",
        CREATE_CUSTOMER,
        MUST,
        "the customer is wrapped in data",
        succeeding(CREATE_CUSTOMER, body(_in_data)),
    ),
    (
        "customer-every-4th-without-id",
        CREATE_CUSTOMER,
        MUST,
        "every fourth customer has no id",
        succeeding(CREATE_CUSTOMER, every(4, edited(CREATE_CUSTOMER, drop("id")))),
    ),
    ("checkout-id-missing", CREATE_CHECKOUT, MUST, "the session has no id", editing(CREATE_CHECKOUT, drop("id"))),
    (
        "checkout-id-empty",
        CREATE_CHECKOUT,
        MUST,
        "the session's id is the empty string",
        editing(CREATE_CHECKOUT, put("id", "")),
    ),
    (
        "checkout-session-url-missing",
        CREATE_CHECKOUT,
        MUST,
        "sessionUrl is missing",
        editing(CREATE_CHECKOUT, drop("sessionUrl")),
    ),
    (
        "checkout-session-url-null",
        CREATE_CHECKOUT,
        MUST,
        "sessionUrl is null",
        editing(CREATE_CHECKOUT, put("sessionUrl", None)),
    ),
    (
        "checkout-session-url-renamed",
        CREATE_CHECKOUT,
        MUST,
        "sessionUrl is called url",
        editing(CREATE_CHECKOUT, rename("sessionUrl", "url")),
    ),
    (
        "checkout-session-url-relative",
        CREATE_CHECKOUT,
        MUST,
        "sessionUrl is a path alone",
        editing(CREATE_CHECKOUT, alter("sessionUrl", _path_alone)),
    ),
    (
        "checkout-session-url-javascript",
        CREATE_CHECKOUT,
        MUST,
        "sessionUrl is a javascript: URL",
        editing(CREATE_CHECKOUT, alter("sessionUrl", lambda url: f"javascript:location='{url}'")),
    ),
    (
        "checkout-session-url-without-scheme",
        CREATE_CHECKOUT,
        MUST,
        "sessionUrl starts with //",
        editing(CREATE_CHECKOUT, alter("sessionUrl", lambda url: url.partition(":")[2])),
    ),
    (
        "checkout-session-url-without-host",
        CREATE_CHECKOUT,
        MUST,
        "sessionUrl has no host",
        editing(CREATE_CHECKOUT, alter("sessionUrl", lambda url: "http://" + _path_alone(url))),
    ),
    (
        "checkout-every-3rd-without-session-url",
        CREATE_CHECKOUT,
        MUST,
        "every third session has no sessionUrl",
        succeeding(CREATE_CHECKOUT, every(3, edited(CREATE_CHECKOUT, drop("sessionUrl")))),
    ),
    (
        "checkout-currency-missing",
        CREATE_CHECKOUT,
        MUST,
        "currency is missing",
        editing(CREATE_CHECKOUT, drop("currency")),
    ),
    (
        "checkout-merchant-id-missing",
        CREATE_CHECKOUT,
        MUST,
        "merchantId is missing",
        editing(CREATE_CHECKOUT, drop("merchantId")),
    ),
    ("checkout-status-missing", CREATE_CHECKOUT, SHOULD, "status is missing", editing(CREATE_CHECKOUT, drop("status"))),
    (
        "checkout-status-paid-when-new",
        CREATE_CHECKOUT,
        SHOULD,
        "a new session is complete at once",
        editing(CREATE_CHECKOUT, put("status", "complete")),
    ),
    (
        "checkout-created-at-missing",
        CREATE_CHECKOUT,
        SHOULD,
        "createdAt is missing",
        editing(CREATE_CHECKOUT, drop("createdAt")),
    ),
    (
        "checkout-total-amount-string",
        CREATE_CHECKOUT,
        MUST,
        "totalAmount is text",
        editing(CREATE_CHECKOUT, alter("totalAmount", str)),
    ),
    (
        "checkout-line-items-object",
        CREATE_CHECKOUT,
        SHOULD,
        "lineItems is an object",
        editing(CREATE_CHECKOUT, put("lineItems", {"items": []})),
    ),
    (
        "checkout-expires-at-in-words",
        CREATE_CHECKOUT,
        SHOULD,
        "expiresAt is a date in words",
        editing(CREATE_CHECKOUT, alter("expiresAt", _in_words)),
    ),
    (
        "checkout-expires-before-created",
        CREATE_CHECKOUT,
        MUST,
        "expiresAt lies an hour before createdAt",
        editing(CREATE_CHECKOUT, _expired),
    ),
    (
        "checkout-expires-when-created",
        CREATE_CHECKOUT,
        MUST,
        "expiresAt is createdAt",
        editing(CREATE_CHECKOUT, copy("createdAt", "expiresAt")),
    ),
    (
        "checkout-metadata-string",
        CREATE_CHECKOUT,
        SHOULD,
        "metadata comes back as JSON text",
        editing(CREATE_CHECKOUT, put("metadata", "{}")),
    ),
    ("checkout-mode-number", CREATE_CHECKOUT, SHOULD, "mode is a number", editing(CREATE_CHECKOUT, put("mode", 1))),
    (
        "checkout-in-a-list",
        CREATE_CHECKOUT,
        MUST,
        "the session comes inside a list",
        succeeding(CREATE_CHECKOUT, body(_in_list)),
    ),
)
