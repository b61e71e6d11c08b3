"""The ASGI application: routes a request, holds it against the rules, runs its operation, writes the reply."""

from __future__ import annotations

import asyncio
import re
import sys
import traceback
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import operations, page, reading, writing
from sandbox.behaviour import Behaviour, Call, Handler
from sandbox.model import (
    CHECKOUT_PAGE,
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    GET_CHECKOUT,
    GET_CUSTOMER,
    LIST_CUSTOMERS,
    OPERATIONS,
    PAY,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Refused,
    Reply,
)
from sandbox.reference import REFERENCE
from sandbox.store import Store
from sandbox.switchboard import behaviour_of
from sandbox.validation import findings

HANDLERS: Mapping[str, Handler] = {
    SIGN_UP: operations.sign_up,
    SIGN_IN: operations.sign_in,
    CREATE_ORGANIZATION: operations.create_organization,
    SET_ACTIVE: operations.set_active,
    CREATE_CUSTOMER: operations.create_customer,
    CREATE_CHECKOUT: operations.create_checkout,
    GET_CUSTOMER: operations.get_customer,
    LIST_CUSTOMERS: operations.list_customers,
    GET_CHECKOUT: operations.get_checkout,
    CHECKOUT_PAGE: page.show,
    PAY: page.pay,
}
FIXED: Mapping[str, Mapping[str, str]] = {
    "/authentication/sign-up/email": {"POST": SIGN_UP},
    "/authentication/sign-in/email": {"POST": SIGN_IN},
    "/authentication/organization/create": {"POST": CREATE_ORGANIZATION},
    "/authentication/organization/set-active": {"POST": SET_ACTIVE},
    "/customers": {"POST": CREATE_CUSTOMER, "GET": LIST_CUSTOMERS},
    "/checkout/sessions": {"POST": CREATE_CHECKOUT},
}
WITH_ID: Mapping[str, Mapping[str, str]] = {
    "/customers": {"GET": GET_CUSTOMER},
    "/checkout/sessions": {"GET": GET_CHECKOUT},
    "/pay": {"GET": CHECKOUT_PAGE, "HEAD": CHECKOUT_PAGE, "POST": PAY},
}
BODIED = frozenset(OPERATIONS)
DRAINED_AT_MOST = 64_000_000
HOST = re.compile(r"[A-Za-z0-9.\-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


def create_app(
    faults: Sequence[str] = (), variants: Sequence[str] = (), prefix: str = "", database: str | None = None
) -> ASGIApp:
    """The sandbox with the named faults and variants switched on, its paths standing under a prefix.

    Raises ``UnknownName`` where a fault or a variant of that name is not on the switchboard.
    """
    sandbox = Sandbox(
        behaviour_of(faults, variants), Store(database), "/" + prefix.strip("/") if prefix.strip("/") else ""
    )
    return Router(default=sandbox, redirect_slashes=False)


class Sandbox:
    """One running target: a behaviour, its state, and the place its paths stand under."""

    def __init__(self, behaviour: Behaviour = REFERENCE, store: Store | None = None, prefix: str = "") -> None:
        self._behaviour = behaviour
        self._store = store or Store()
        self._prefix = prefix
        self._memory: dict[str, object] = {}
        self._successes: dict[str, int] = {}
        for email, password in behaviour.accounts:
            self._store.add_user(operations.seeded_user(behaviour, email, password))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        request = Request(scope, receive)
        call = Call(
            behaviour=self._behaviour,
            store=self._store,
            memory=self._memory,
            method=request.method,
            path=scope["path"],
            query=scope.get("query_string", b"").decode("latin-1"),
            headers=request.headers,
            raw=await _read(request, self._behaviour.body_limit),
            base_url=f"{scope.get('scheme', 'http')}://{_host(request)}{self._prefix}",
            client=scope["client"][0] if scope.get("client") else "",
        )
        reply = await self._answer(call)
        if reply.delay:
            await asyncio.sleep(reply.delay)
        await _response(call, reply)(scope, receive, send)

    async def _answer(self, call: Call) -> Reply:
        try:
            reply = await self._work(call)
        except Refused as refused:
            reply = call.behaviour.write_problem(call, refused.problem)
        except (RecursionError, OverflowError):
            reply = call.behaviour.write_problem(call, call.behaviour.refusals["invalid"])
        except Exception:
            traceback.print_exc(file=sys.stderr)
            reply = call.behaviour.write_problem(call, call.behaviour.refusals["broken"])
        if reply.succeeded:
            self._successes[call.operation] = self._successes.get(call.operation, 0) + 1
        call.successes = self._successes.get(call.operation, 0)
        for finish in call.behaviour.finish:
            reply = finish(call, reply)
        return reply

    async def _work(self, call: Call) -> Reply:
        found = self._route(call)
        for arrive in call.behaviour.arrive:
            reply = arrive(call)
            if reply is not None:
                return reply
        if not found:
            call.refuse("unknown-path")
        if not call.operation:
            allow = ", ".join(call.methods)
            raise Refused(replace(call.behaviour.refusals["wrong-method"], headers=(("allow", allow),)))
        call.behaviour.mind_origin(call)
        _check(call)
        call.behaviour.mind_callback(call)
        for admit in call.behaviour.admit:
            reply = admit(call)
            if reply is not None:
                return reply
        return await HANDLERS[call.operation](call)

    def _route(self, call: Call) -> bool:
        """Write the operation of a path and method into the call; False where there is no such path."""
        if not call.path.startswith(self._prefix):
            return False
        path = call.path[len(self._prefix) :]
        methods = FIXED.get(path)
        if methods is None:
            place, _, identifier = path.rpartition("/")
            methods = WITH_ID.get(place) if identifier else None
            call.parameter = identifier
        methods = {method: name for method, name in (methods or {}).items() if name not in call.behaviour.hidden}
        if not methods:
            return False
        if "GET" in methods:
            methods["HEAD"] = methods["GET"]
        call.methods = methods
        call.operation = methods.get(call.method, "")
        return True


def _check(call: Call) -> None:
    """Authenticate and validate, in the order that the behaviour takes for this operation."""
    steps = [_authenticate, _validate]
    if call.operation in call.behaviour.validates_first:
        steps.reverse()
    for step in steps:
        step(call)


def _authenticate(call: Call) -> None:
    if call.operation in call.behaviour.protected:
        call.session = call.behaviour.find_session(call)
        if call.session is None:
            call.refuse("no-session")


def _validate(call: Call) -> None:
    if call.operation not in BODIED:
        return
    call.body = reading.read_body(call)
    if not isinstance(call.body, dict):
        call.refuse("not-an-object")
    found = findings(call.behaviour.fields[call.operation], call.body)
    if found:
        first, *others = (f"{finding.field} {finding.says}" for finding in found)
        raise Refused(
            replace(call.behaviour.refusals["invalid"], code=found[0].code, message=first, more=tuple(others))
        )


async def _read(request: Request, limit: int) -> bytes:
    """The body, cut one byte above the limit; what comes after is read and dropped, so that the refusal arrives."""
    kept, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if len(kept) <= limit:
            kept += chunk[: limit + 1 - len(kept)]
        if size > DRAINED_AT_MOST:
            break
    return bytes(kept)


def _host(request: Request) -> str:
    """The authority that the client asked; a Host header that cannot be one is not repeated."""
    host = request.headers.get("host", "")
    if HOST.fullmatch(host):
        return host
    server = request.scope.get("server") or ("127.0.0.1", 80)
    return f"{server[0]}:{server[1]}"


def _response(call: Call, reply: Reply) -> Response:
    content = writing.content(reply)
    response: Response = (
        StreamingResponse(_pieces(content), reply.status) if reply.chunked else Response(content, reply.status)
    )
    if reply.media_type is not None and (content or call.method == "HEAD"):
        response.headers["content-type"] = reply.media_type
    for name, value in reply.headers:
        if name == "content-length":
            response.headers[name] = value
        else:
            response.raw_headers.append((name.encode("latin-1"), value.encode("latin-1", "replace")))
    if reply.status in (204, 304):
        del response.headers["content-length"]
    return response


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 64):
        yield content[start : start + 64]
