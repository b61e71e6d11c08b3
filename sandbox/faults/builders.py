"""Small parts that faults are put together from."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from sandbox import errors, reading, validation
from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import Edit, admitting, arriving, finishing
from sandbox.model import CREATE_CHECKOUT, SIGN_IN, SIGN_UP, Json, JsonObject, Problem, Reply, text
from sandbox.store import Session, User
from sandbox.validation import Field, Rule

Rewrite: TypeAlias = Callable[[Call, Reply], Reply]
Test: TypeAlias = Callable[[Call], bool]
Value: TypeAlias = Callable[[Json], Json]

HANG = 3.0


# Hooks ---------------------------------------------------------------------------------------------------------------


def succeeding(operation: str, rewrite: Rewrite) -> Change:
    """Run over the successful replies of one operation."""
    return finishing(
        lambda call, reply: rewrite(call, reply) if reply.succeeded and call.operation == operation else reply
    )


def failing(rewrite: Rewrite, operation: str | None = None, status: int | None = None) -> Change:
    """Run over the refusals, of one operation or status where they are given."""

    def change(call: Call, reply: Reply) -> Reply:
        meant = operation in (None, call.operation) and status in (None, reply.status) and reply.status >= 400
        return rewrite(call, reply) if meant else reply

    return finishing(change)


def every(n: int, rewrite: Rewrite) -> Rewrite:
    """Only on each nth success of the operation."""
    return lambda call, reply: rewrite(call, reply) if call.successes % n == 0 else reply


def every_time(n: int, name: str, rewrite: Rewrite) -> Rewrite:
    """Only each nth time that this very place is reached, counted under a name of its own."""

    def counted(call: Call, reply: Reply) -> Reply:
        call.memory[name] = call.memory.get(name, 0) + 1
        return rewrite(call, reply) if call.memory[name] % n == 0 else reply

    return counted


def when(test: Test, rewrite: Rewrite) -> Rewrite:
    return lambda call, reply: rewrite(call, reply) if test(call) else reply


def refusal(name: str, change: Callable[[Problem], Problem]) -> Change:
    """One named refusal told differently."""
    return lambda behaviour: behaviour.refusing(name, change)


def with_problem_status(status: int) -> Callable[[Problem], Problem]:
    return lambda problem: replace(problem, status=status)


def message(words: str) -> Callable[[Problem], Problem]:
    return lambda problem: replace(problem, message=words)


def sent_object(call: Call) -> JsonObject:
    """Return the body as it was sent, whether or not it is valid; none where it is no object."""
    try:
        given = reading.parsed(call.raw)
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def again_by(write: Callable[[JsonObject], str]) -> Change:
    """Answer a session with an earlier one of the user's of which the same is written down."""

    def finish(call: Call, reply: Reply) -> Reply:
        if call.operation != CREATE_CHECKOUT or not reply.succeeded:
            return reply
        kept: dict[str, Reply] = call.memory.setdefault("sessions by what is written of them", {})
        return kept.setdefault(f"{call.caller.user_id} {write(call.fields)}", reply)

    return finishing(finish)


def head_for_anybody(operation: str, find: Callable[[Call], object | None]) -> Change:
    """Answer HEAD with 200 where there is such a thing, whosever it is."""

    def finish(call: Call, reply: Reply) -> Reply:
        if call.method != "HEAD" or call.operation != operation or call.session is None:
            return reply
        return replace(reply, status=200) if find(call) is not None else reply

    return finishing(finish)


def keeps_slug(call: Call, reply: Reply) -> Reply:
    """A refused organization has taken its slug."""
    given = reading.parsed(call.raw)
    slug = given.get("slug") if isinstance(given, dict) else None
    if isinstance(slug, str) and slug:
        call.store.execute(
            "INSERT INTO organization VALUES (?, ?, ?, ?, ?, ?)", (uuid.uuid4().hex, "refused", slug, None, None, 0.0)
        )
    return reply


# Bodies of replies ---------------------------------------------------------------------------------------------------


def editing(operation: str, *edits: Edit) -> Change:
    """Edit the thing that an operation answers with: the user, organization, customer or checkout session."""
    return succeeding(operation, edited(operation, *edits))


def edited(operation: str, *edits: Edit) -> Rewrite:
    def rewrite(call: Call, reply: Reply) -> Reply:
        entity = (
            reply.body.get("user") if operation in (SIGN_UP, SIGN_IN) and isinstance(reply.body, dict) else reply.body
        )
        if isinstance(entity, dict):
            for edit in edits:
                edit(call, entity)
        return reply

    return rewrite


def editing_top(operation: str, *edits: Edit) -> Change:
    """Edit the outermost object of an operation's response."""

    def rewrite(call: Call, reply: Reply) -> Reply:
        if isinstance(reply.body, dict):
            for edit in edits:
                edit(call, reply.body)
        return reply

    return succeeding(operation, rewrite)


def keep_session_under_nobody(call: Call, session: JsonObject) -> None:
    """A checkout session is kept under a merchant whom nobody is."""
    call.store.execute("UPDATE checkout SET merchant_id = 'default' WHERE id = ?", (session["id"],))


def rename(old: str, new: str) -> Edit:
    def edit(_: Call, entity: JsonObject) -> None:
        if old in entity:
            entity[new] = entity.pop(old)

    return edit


def alter(name: str, value: Value) -> Edit:
    def edit(_: Call, entity: JsonObject) -> None:
        if entity.get(name) is not None:
            entity[name] = value(entity[name])

    return edit


def copy(source: str, target: str) -> Edit:
    def edit(_: Call, entity: JsonObject) -> None:
        entity[target] = entity.get(source)

    return edit


def previous(name: str) -> Edit:
    """The value that the reply before this one had; the first reply keeps its own."""

    def edit(call: Call, entity: JsonObject) -> None:
        key = f"previous {call.operation} {name}"
        kept = call.memory.get(key, entity.get(name))
        call.memory[key] = entity.get(name)
        entity[name] = kept

    return edit


def first(name: str) -> Edit:
    """The value that the very first reply had, for ever."""

    def edit(call: Call, entity: JsonObject) -> None:
        entity[name] = call.memory.setdefault(f"first {call.operation} {name}", entity.get(name))

    return edit


def body(make: Callable[[Json], Json]) -> Rewrite:
    """Another JSON body, made of the one there was."""
    return lambda _, reply: replace(reply, body=make(reply.body))


def status(number: int) -> Rewrite:
    return lambda _, reply: replace(reply, status=number)


def media_type(name: str | None) -> Rewrite:
    return lambda _, reply: replace(reply, media_type=name)


def raw(content: str | bytes, name: str | None = None) -> Rewrite:
    """Bytes in place of the body, with another media type where one is given."""
    written = content.encode() if isinstance(content, str) else content
    return lambda _, reply: replace(reply, raw=written, media_type=name or reply.media_type)


def without_header(name: str) -> Rewrite:
    return lambda _, reply: replace(reply, headers=tuple(pair for pair in reply.headers if pair[0] != name))


def header(name: str, change: Callable[[str], str]) -> Rewrite:
    """The same reply with one of its headers changed."""
    return lambda _, reply: replace(
        reply, headers=tuple((key, change(value) if key == name else value) for key, value in reply.headers)
    )


def also(name: str, value: str) -> Rewrite:
    return lambda _, reply: replace(reply, headers=(*reply.headers, (name, value)))


def late(_: Call, reply: Reply) -> Reply:
    return replace(reply, delay=HANG)


def broken(call: Call, _: Reply) -> Reply:
    """What a server says that fell over."""
    return call.behaviour.write_problem(call, errors.REFUSALS["broken"])


def refused(name: str) -> Callable[[Call], None]:
    def act(call: Call) -> None:
        call.refuse(name)

    return act


# What was sent -------------------------------------------------------------------------------------------------------


def receiving(operation: str, name: str, value: Value) -> Change:
    """Keep another value of one member than the one that was sent; e-mails and the like that are absent stay so."""

    def act(call: Call) -> None:
        if call.fields.get(name) is not None:
            call.body = {**call.fields, name: value(call.fields[name])}

    return admitting(operation, act)


def falling_over(operation: str, test: Test) -> Change:
    """A 5xx on what a test finds in the request, whether or not it is valid."""

    def respond(call: Call) -> Reply | None:
        return broken(call, Reply(500)) if call.operation == operation and test(call) else None

    return arriving(respond)


def hanging(operation: str, test: Test) -> Change:
    return finishing(lambda call, reply: late(call, reply) if call.operation == operation and test(call) else reply)


def sends(name: str, test: Callable[[str], bool]) -> Test:
    """Whether one member of a valid body is a string of some sort."""
    return lambda call: isinstance(call.fields.get(name), str) and test(call.fields[name])


def not_ascii(value: str) -> bool:
    return not value.isascii()


def longer_than(length: int) -> Callable[[str], bool]:
    return lambda value: len(value) > length


# Validation ----------------------------------------------------------------------------------------------------------


def _refield(operation: str, name: str, change: Callable[[Field], Field]) -> Change:
    outer, _, inner = name.partition(".")

    def one(fields: tuple[Field, ...], wanted: str, act: Callable[[Field], Field]) -> tuple[Field, ...]:
        if wanted not in {field.name for field in fields}:
            raise ValueError(f"{operation} has no field {wanted!r}")
        return tuple(act(field) if field.name == wanted else field for field in fields)

    def descend(field: Field) -> Field:
        return replace(field, inside=one(field.inside, inner, change)) if inner else change(field)

    def change_behaviour(behaviour: Behaviour) -> Behaviour:
        fields = one(behaviour.fields[operation], outer, descend)
        return replace(behaviour, fields={**behaviour.fields, operation: fields})

    return change_behaviour


def not_required(operation: str, name: str) -> Change:
    return _refield(operation, name, lambda field: replace(field, required=False))


def without_rule(operation: str, name: str, rule: str) -> Change:
    """Accept what one rule of a field refuses."""

    def change(field: Field) -> Field:
        if rule not in {one.name for one in field.rules}:
            raise ValueError(f"{operation}.{name} has no rule {rule!r}")
        return replace(field, rules=tuple(one for one in field.rules if one.name != rule))

    return _refield(operation, name, change)


def with_rule(operation: str, name: str, holds: validation.Check, says: str = "is invalid") -> Change:
    """Refuse what the contract accepts."""
    return _refield(operation, name, lambda field: replace(field, rules=(*field.rules, Rule("extra", holds, says))))


def with_lax_rule(operation: str, name: str, rule: str, holds: validation.Check) -> Change:
    """Hold a field to less than a rule of it asks for."""

    def lax(field: Field) -> Field:
        return replace(
            field, rules=tuple(replace(one, holds=holds) if one.name == rule else one for one in field.rules)
        )

    return _refield(operation, name, lax)


def any_type(operation: str, name: str) -> Change:
    """Accept a value of any JSON type; the other rules hold for the right one only."""

    def change(field: Field) -> Field:
        of_type, *others = field.rules
        return replace(field, nullable=True, rules=tuple(_only_where(of_type, rule) for rule in others))

    return _refield(operation, name, change)


def also_of_type(operation: str, name: str, kind: type) -> Change:
    """Accept values of one more JSON type; the other rules hold for the right one only."""

    def change(field: Field) -> Field:
        of_type, *others = field.rules
        wider = replace(of_type, holds=lambda value: isinstance(value, kind) or of_type.holds(value))
        return replace(field, rules=(wider, *(_only_where(of_type, rule) for rule in others)))

    return _refield(operation, name, change)


def _only_where(of_type: Rule, rule: Rule) -> Rule:
    return replace(rule, holds=lambda value: not of_type.holds(value) or rule.holds(value))


# Sessions and customers ----------------------------------------------------------------------------------------------


def _likely_session(call: Call) -> Session | None:
    """A session of a member of the organization that the body names, else the newest there is."""
    try:
        given = reading.parsed(call.raw)
    except (ValueError, RecursionError):
        given = None
    named = (given.get("merchantId") or given.get("organizationId")) if isinstance(given, dict) else None
    rows = call.store.execute(
        "SELECT s.* FROM session s LEFT JOIN member m ON m.user_id = s.user_id AND m.organization_id = ?"
        " ORDER BY m.id IS NULL, s.active IS NULL, s.created DESC LIMIT 1",
        (named if isinstance(named, str) else None,),
    )
    return Session(*rows[0]) if rows else None


def holder(call: Call) -> User | None:
    """Return the user of the e-mail in a body, in whatever letter case."""
    return call.store.user_by_lookup(text(call.fields.get("email")).lower())


def somebody(operation: str, test: Test) -> Change:
    """Let in a call whose token opens no session, as somebody who may do it, where a test says so."""

    def change(behaviour: Behaviour) -> Behaviour:
        def find(call: Call) -> Session | None:
            found = behaviour.find_session(call)
            if found is None and operation in (call.operation, "any") and test(call):
                return _likely_session(call)
            return found

        return replace(behaviour, find_session=find)

    return change


def customer_ids(call: Call, merchant_id: str) -> list[str]:
    """A merchant's customers, oldest first."""
    rows = call.store.execute("SELECT id FROM customer WHERE merchant_id = ? ORDER BY rowid", (merchant_id,))
    return [row[0] for row in rows]


def option(call: Call) -> str:
    """Which of the three customer options a checkout call takes."""
    if call.fields.get("customerId") is not None:
        return "existing"
    return "inline" if call.fields.get("customer") is not None else "none"


def for_option(name: str, *edits: Edit) -> Change:
    """Edit the checkout sessions of one customer option."""
    return succeeding(CREATE_CHECKOUT, when(lambda call: option(call) == name, edited(CREATE_CHECKOUT, *edits)))
