"""Bodies that are there in an unusual form, or not at all, and are too much for the server."""

from __future__ import annotations

import json
from dataclasses import replace

from sandbox.behaviour import Call
from sandbox.changes import arriving
from sandbox.faults.builders import falling_over
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Json,
    Reply,
)

SHORT = (
    ("signup", SIGN_UP, "SIGNUP"),
    ("signin", SIGN_IN, "SIGNIN"),
    ("organization", CREATE_ORGANIZATION, "ORG"),
    ("set-active", SET_ACTIVE, "ACTIVE"),
    ("customer", CREATE_CUSTOMER, "CUSTOMER"),
    ("checkout", CREATE_CHECKOUT, "CHECKOUT"),
)


def _once(pairs: list[tuple[str, Json]]) -> Json:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a field twice")
    return dict(pairs)


def _never(name: str) -> Json:
    raise ValueError(name)


def _has_unusual_form(call: Call) -> bool:
    """Whether a body has no media type, or is anything but strict JSON."""
    if not call.raw:
        return False
    try:
        json.loads(call.raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_never)
    except (ValueError, RecursionError):
        return True
    return "content-type" not in call.headers


def _is_missing(call: Call) -> bool:
    return not call.raw and "content-type" not in call.headers


def _missing_is_unknown(call: Call) -> Reply | None:
    """An empty body is refused as if there were no such path."""
    if call.operation != CREATE_CUSTOMER or call.raw:
        return None
    problem = replace(call.behaviour.refusals["not-there"], status=404)
    return call.behaviour.write_problem(call, problem)


FAULTS = table(
    "validation",
    *(
        Fault(
            f"{short}-unusual-body-500",
            operation,
            MUST,
            "a body in an unusual form (a byte order mark, no media type, comments, a field twice) is a 500",
            falling_over(operation, _has_unusual_form),
            requirements=(f"{prefix}-STATUS-3", f"{prefix}-BODY-40"),
        )
        for short, operation, prefix in SHORT
    ),
    *(
        Fault(
            f"{short}-no-body-500",
            operation,
            MUST,
            "a request without a body and without a media type is a 500",
            falling_over(operation, _is_missing),
            requirements=(f"{prefix}-STATUS-3", *(["ACTIVE-BODY-3"] if operation == SET_ACTIVE else [])),
        )
        for short, operation, prefix in SHORT
    ),
    Fault(
        "customer-empty-body-404",
        CREATE_CUSTOMER,
        MUST,
        "an empty body is refused with 404",
        arriving(_missing_is_unknown),
        requirements=("CUSTOMER-BODY-3",),
    ),
)
