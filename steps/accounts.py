"""Sign-up and sign-in: accounts, passwords and sessions."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from pytest_bdd import given, parsers, then, when

from conformance.run import Run
from conformance.sharing import once
from conformance.values import MISSING, first_field, shown, without
from conformance.wire.exchange import Exchange, Intent
from steps import made_up, operations
from steps.fixtures import Story, need, saved_for
from steps.merchant import Merchant
from steps.merchants import check_token, create_customer, send, session_token
from steps.organizations import need_default, send_default
from steps.outcomes import refused

SHORT_PASSWORD = "Sh0rt-7"
_SESSIONS_KEPT: Final = 2
_LONGEST: Final = 128
_OF_ANY_RESPONSE: Final = frozenset({"date", "content-length", "etag", "connection", "keep-alive", "server-timing"})
_MORE_OF_THE_SAME = (
    "the first 8 characters",
    "a blank before the password",
)


def send_sign_up(run: Run, body: dict[str, Any], **more: Any) -> Exchange:
    """Somebody who signs up: returns the exchange."""
    run.masker.add(body.get("password"))
    return send(run, operations.SIGN_UP, body, **more)


def sign_in(story: Story, email: Any, password: Any, fields: Mapping[str, Any] | None = None, **more: Any) -> Exchange:
    """Somebody who signs in: return the exchange, or raise `NotTested` where the account is locked, which is lawful.

    `fields` are further ones of the body, `more` those of the call.
    """
    story.run.masker.add(password)
    body = {**operations.sign_in.body(email, password), **(fields or {})}
    with story.merchants.minding_locks(operations.SIGN_IN, email):
        actor = story.merchant.key if story.merchant is not None else ""
        exchange = send(story.run, operations.SIGN_IN, body, **{"actor": actor, **more})
    story.merchants.need_no_lock(exchange)
    return exchange


def session_opens(run: Run, token: str, merchant: Merchant) -> Exchange:
    """A token: returns the exchange of a protected request, which succeeds where it opens a session."""
    return send(run, operations.SET_ACTIVE, {"organizationId": merchant.organization_id}, merchant, token=token)


def right_password_signs_in(story: Story) -> None:
    """The control of a refused sign-in; where sign-ins are limited, the first one of the account counts."""
    if not story.run.saves(operations.SIGN_IN):
        signs_in(story, story.actor)


def signs_in(story: Story, account: Merchant) -> Exchange:
    """An account signs in with its password: return the exchange, or raise `NotTested` where it is refused."""
    return story.run.need_success(
        sign_in(story, account.email, account.password, intent=Intent.VALID, actor=account.key)
    )


@given("a person without an account")
def a_person(story: Story) -> None:
    """Two such persons of a run have one name, where the target takes that, and one password."""
    alike = {"name": made_up.user_name(story.run), "password": made_up.common_password(story.run)}
    story.notes["person"] = {**operations.sign_up.body(story.run), **alike}


@when("the person tries to sign in before there is an account")
def tries_before(story: Story) -> None:
    """What is said of an e-mail without an account may stay in a cache; the sign-in after the sign-up shows it."""
    if not story.run.limited(operations.SIGN_IN):
        story.add(sign_in(story, story.notes["person"]["email"], story.notes["person"]["password"]))


@given("an account")
def an_account(story: Story) -> None:
    story.merchant = story.merchants.account


@given("an account that signed up with capitals in its e-mail")
def an_account_in_capitals(story: Story) -> None:
    """A target may refuse capitals, which is a policy."""
    run = story.run
    saved_for(story, operations.SIGN_UP)

    def sign_up() -> Merchant:
        body = operations.sign_up.body(run)
        name, _, domain = body["email"].partition("@")
        body["email"] = f"{name.upper()}.INFO@{domain}"
        sent = send_sign_up(run, body, intent=Intent.UNUSUAL, value="an e-mail with capitals")
        user = first_field(run.need_success(sent).response_json, ["user.id"])
        return Merchant("account in capitals", body["email"], body["password"], user_id=str(user))

    story.merchant = once(run.shared, "account in capitals", sign_up)


@given("the account of another merchant")
def account_of_another(story: Story) -> None:
    story.merchant = story.merchants.second


@when("the person signs up with a password that is too long")
def signs_up_with_long_password(story: Story) -> None:
    """A target may take it: then somebody else is the person."""
    if story.run.limited(operations.SIGN_UP):
        return
    body = {**story.notes["person"], "password": made_up.PASSWORD + story.run.unique() * 20}
    if send_sign_up(story.run, body).is_success:
        story.notes["person"] = operations.sign_up.body(story.run)
        _counts_to_its_end(story, body)
    else:
        story.notes["too long"] = body["password"]


def _counts_to_its_end(story: Story, body: Mapping[str, Any]) -> None:
    """A password of more than 128 characters that was accepted: check that its beginning does not sign in."""
    if not story.run.limited(operations.SIGN_IN):
        exchange = sign_in(story, body["email"], body["password"][:_LONGEST])
        told = f"the first {_LONGEST} characters of a longer password open nothing"
        story.run.check(not exchange.is_success, told, exchange.outcome, exchange, "SIGNIN-AUTH-4")


@when("somebody signs up in that merchant's session")
def signs_up_in_session(story: Story) -> None:
    """As a client sends it that adds the token which it has to each request; a target may refuse it."""
    saved_for(story, operations.SIGN_UP)
    headers = {"Authorization": f"Bearer {story.actor.token}"}
    story.add(send_sign_up(story.run, operations.sign_up.body(story.run), headers=headers))


@then("no session of that merchant is handed out, and the new user is in no organization of hers")
def other_session_is_kept(story: Story) -> None:
    exchange = story.last
    if not exchange.is_success:
        raise story.run.why_not(exchange)
    token = session_token(exchange)
    held = story.actor.token not in (token, first_field(exchange.response_json, ["token"]))
    story.run.check(held, "a session of its own, or none", "the session of the request", exchange, "SIGNUP-LEAK-21")
    if token:
        _no_member_of(story.run, story.actor, token)


@when("the person signs up without a name")
def signs_up_without_name(story: Story) -> None:
    if not story.run.limited(operations.SIGN_UP):
        need(not send_sign_up(story.run, without(story.notes["person"], "name")).is_success, "no name was accepted")


@when("the person signs up with an image that is no text")
def signs_up_with_wrong_image(story: Story) -> None:
    """A target that knows no image may overlook it: then somebody else is the person."""
    if story.run.limited(operations.SIGN_UP):
        return
    if send_sign_up(story.run, {**story.notes["person"], "image": {"url": 5}}).is_success:
        story.notes["person"] = operations.sign_up.body(story.run)


@when("the person signs up")
def person_signs_up(story: Story) -> None:
    exchange = story.add(send_sign_up(story.run, story.notes["person"], intent=Intent.VALID))
    if "SIGNUP-UNIQUE-6" in story.run.record.requirements and story.run.why_unavailable(exchange) is None:
        told = "a sign-up with the e-mail of those that were refused"
        story.run.check(exchange.is_success, told, exchange.outcome, exchange, "SIGNUP-UNIQUE-6")
    story.notes["signed up"] = story.run.need_success(exchange)


@when("the person signs in")
def person_signs_in(story: Story) -> None:
    """Where sign-ins are limited, a session of the account that is still open will do."""
    person, run = story.notes.get("person"), story.run
    if not person and run.saves(operations.SIGN_IN) and session_opens(run, story.actor.token, story.actor).is_success:
        story.notes["token"] = story.actor.token
        return
    email, password = (person["email"], person["password"]) if person else (story.actor.email, story.actor.password)
    exchange = story.run.need_success(story.add(sign_in(story, email, password, intent=Intent.VALID)))
    token = session_token(exchange)
    need(bool(token), "sign-in hands out no token")
    story.notes["token"] = token
    if person:
        story.merchant = Merchant(f"walker {email}", email, password, token=token)


@when(parsers.parse("the person signs in {times:d} times"))
def person_signs_in_often(story: Story, times: int) -> None:
    account = story.actor
    story.notes["times"] = times = 2 if story.run.limited(operations.SIGN_IN) else times
    for number in range(1, times + 1):
        remembered = {"rememberMe": number < times}
        exchange = sign_in(story, account.email, account.password, remembered, intent=Intent.VALID)
        story.add(story.run.need_success(exchange))


@when("the person signs in with the e-mail in capitals")
def signs_in_in_capitals(story: Story) -> None:
    story.add(sign_in(story, story.actor.email.upper(), story.actor.password))


@when("the person signs in with the e-mail in small letters")
def signs_in_in_small_letters(story: Story) -> None:
    exchange = story.add(sign_in(story, story.actor.email.lower(), story.actor.password))
    if story.run.why_unavailable(exchange):
        raise story.run.why_not(exchange)


@when("the person signs up with a password that is too short")
def signs_up_with_short_password(story: Story) -> None:
    story.notes["refused"] = send_sign_up(story.run, {**story.notes["person"], "password": SHORT_PASSWORD})
    need(not story.notes["refused"].is_success, "the short password was accepted")


@when("somebody signs up with the same e-mail and another password")
def signs_up_again(story: Story) -> None:
    image = f"https://shop.example.com/{story.run.unique()}/portrait.png"
    body = {**operations.sign_up.body(story.run), "email": story.actor.email, "image": image}
    story.notes["second"] = body
    story.add(send_sign_up(story.run, body))


@when("somebody signs up with the same e-mail and the same password")
def signs_up_with_same_password(story: Story) -> None:
    """With the name too, where it is known: the sign-up of the account again."""
    body = {**operations.sign_up.body(story.run), "email": story.actor.email, "password": story.actor.password}
    body["name"] = story.run.shared.told(f"name of {story.actor.key}") or body["name"]
    story.add(send_sign_up(story.run, body))


@when("somebody signs up with the same e-mail in capitals")
def signs_up_again_in_capitals(story: Story) -> None:
    body = {**operations.sign_up.body(story.run), "email": story.actor.email.upper()}
    story.add(send_sign_up(story.run, body))


@when("somebody signs up with the same e-mail in small letters")
def signs_up_again_in_small_letters(story: Story) -> None:
    body = {**operations.sign_up.body(story.run), "email": story.actor.email.lower()}
    story.add(send_sign_up(story.run, body))


@when("somebody signs up with the same e-mail and a plus tag")
def signs_up_with_plus_tag(story: Story) -> None:
    saved_for(story, operations.SIGN_UP)
    name, _, domain = story.actor.email.partition("@")
    body = {**operations.sign_up.body(story.run), "email": f"{name}+{story.run.unique()}@{domain}"}
    story.add(send_sign_up(story.run, body, intent=Intent.UNUSUAL, value="an e-mail with a plus tag"))


@then("the sign-up is accepted")
def sign_up_accepted(story: Story) -> None:
    """The passive checks record a refusal as a breach."""
    story.run.need_success(story.last)


@then("one with underscores in the place of letters is accepted too, where the target takes underscores")
def underscore_is_no_wildcard(story: Story) -> None:
    """In a pattern of SQL an underscore stands for any character, and so for those of the e-mail that is taken."""
    run, value = story.run, "underscores in the e-mail"
    name, _, domain = story.actor.email.partition("@")
    alike = _with_underscores(run, name)
    body = {**operations.sign_up.body(run), "email": f"{alike}@{domain}"}
    exchange = send_sign_up(run, body, intent=Intent.UNUSUAL, value=value)
    if exchange.is_success or run.why_unavailable(exchange) is not None:
        return
    other = {**operations.sign_up.body(run), "email": f"{run.unique()}{alike}@{domain}"}
    is_policy = not send_sign_up(run, other, intent=Intent.UNUSUAL, value=value).is_success
    run.check(is_policy, "the sign-up is accepted", exchange.outcome, exchange, "SIGNUP-STATUS-1")


@then("a sign-up with the e-mail of a customer is accepted too, and opens nothing of the customer's merchant")
def customer_may_sign_up(story: Story) -> None:
    """The passive checks record a refusal as a breach: whom a merchant sells to has no account for that.

    Nor is the account a member of the merchant's organization.
    """
    run, body, merchant = story.run, operations.sign_up.body(story.run), story.merchants.first
    run.need_success(create_customer(run, merchant, email=body["email"]))
    signed_up = run.need_success(send_sign_up(run, body, intent=Intent.VALID))
    if token := session_token(signed_up):
        _no_member_of(run, merchant, token)


def _no_member_of(run: Run, merchant: Merchant, token: str) -> None:
    """Decide that the session of a new user does not open a merchant's organization."""
    closed = operations.set_active.body(merchant.organization_id)
    exchange = send(run, operations.SET_ACTIVE, closed, token=token)
    told = "no member of the organization"
    run.check(not exchange.is_success, told, exchange.outcome, exchange, "SIGNUP-TENANT-50")


@when("somebody signs up to stay for a day")
def signs_up_for_a_day(story: Story) -> None:
    saved_for(story, operations.SIGN_UP)
    body = {**operations.sign_up.body(story.run), "rememberMe": False}
    story.add(send_sign_up(story.run, body, intent=Intent.UNUSUAL, value="a sign-up to stay for a day"))


@then("the sign-up is accepted, unless one to stay for longer is refused too")
def false_is_a_value(story: Story) -> None:
    """A target may take none of either; it looks at `false` as at `true`, where it looks at how long to stay at all."""
    run, exchange = story.run, story.last
    if not exchange.is_success:
        if run.why_unavailable(exchange) is not None:
            raise run.why_not(exchange)
        body = {**operations.sign_up.body(run), "rememberMe": True}
        longer = send_sign_up(run, body, intent=Intent.UNUSUAL, value="a sign-up to stay for longer")
        if not longer.is_success:
            raise run.why_not(exchange)
    run.check(exchange.is_success, "the sign-up is accepted", exchange.outcome, exchange, "SIGNUP-STATUS-1")


def _with_underscores(run: Run, name: str) -> str:
    """Return a name with underscores in some places, which the next one has in others."""
    places = run.random(f"underscores {run.unique()}").sample(range(1, len(name) - 1), min(4, len(name) - 2))
    return "".join("_" if place in places else letter for place, letter in enumerate(name))


@when(parsers.parse("somebody signs in with a wrong password {times:d} times"))
def wrong_password_often(story: Story, times: int) -> None:
    """In the session that is open, whose token a client may send along."""
    more = {"headers": {"Authorization": f"Bearer {story.notes['token']}"}} if "token" in story.notes else {}
    for _ in range(1 if story.run.limited(operations.SIGN_IN) else times):
        wrong = f"{made_up.PASSWORD}-{story.run.unique()}"
        story.notes["refused"] = exchange = sign_in(story, story.actor.email, wrong, **more)
        need(not exchange.is_success, "the wrong password was accepted")


@when("somebody signs in with an unknown e-mail")
def unknown_email(story: Story) -> None:
    """It is the account's own but for its domain."""
    story.notes["what"] = "an unknown e-mail"
    name, _, domain = story.actor.email.partition("@")
    _sign_in_or_recall(story, "an unknown e-mail", f"{name}@mail-2.shop.{domain}", story.actor.password)


@then("an unknown e-mail without a password is refused with 400")
def unknown_email_in_part(story: Story) -> None:
    """Whether the e-mail is known makes no difference to what is missing."""
    if not story.run.limited(operations.SIGN_IN):
        exchange = send(story.run, operations.SIGN_IN, {"email": made_up.email(story.run)})
        refused(story.run, exchange, (400,), "an unknown e-mail without a password", "SIGNIN-VALID-1")


@when(parsers.re(r"somebody signs in with (?P<which>(?!an unknown e-mail|what |the password and ).+(?<!\d times))"))
def signs_in_with(story: Story, which: str) -> None:
    right = story.actor.password
    passwords = {
        "a wrong password": f"{made_up.PASSWORD}-{story.run.unique()}",
        "its first letter in the other case": right[:1].swapcase() + right[1:],
        "all letters in the other case": right.swapcase(),
        "all but the last character": right[:-1],
        "the first 8 characters": right[:8],
        "a blank after the password": f"{right} ",
        "a blank before the password": f" {right}",
        "another account's password": story.merchants.first.password,
    }
    wrong = passwords[which]
    need(wrong != right, f"{which} would be the password itself")
    if which in _MORE_OF_THE_SAME:
        saved_for(story, operations.SIGN_IN)
    story.run.masker.add(wrong)
    story.notes["what"] = which
    _sign_in_or_recall(story, which, story.actor.email, wrong)


def _sign_in_or_recall(story: Story, which: str, email: str, wrong: str) -> None:
    """A wrong sign-in; a response to the same kind that an earlier scenario got will do."""
    key = f"wrong sign-in: {which}"
    exchange = story.run.shared.told(key)
    if exchange is None:
        exchange = sign_in(story, email, wrong)
        story.run.shared.tell(key, exchange)
    story.add(exchange)


@then("the right password signs in")
def right_password(story: Story) -> None:
    right_password_signs_in(story)


@then("the right password still signs in")
def right_password_still(story: Story) -> None:
    exchange = sign_in(story, story.actor.email, story.actor.password, actor=story.actor.key)
    story.run.check(exchange.is_success, "the right password signs in", exchange.outcome, exchange)


@then("the sign-in is accepted")
def sign_in_accepted(story: Story) -> None:
    story.run.check(story.last.is_success, "status 200", f"status {story.last.status}", story.last)


@then("the first password signs in")
def first_password_signs_in(story: Story) -> None:
    account = story.actor
    exchange = sign_in(story, account.email, account.password, actor=account.key)
    user = first_field(exchange.response_json, ["user.id"])
    same = user == account.user_id or not account.user_id
    image = first_field(exchange.response_json, ["user.image"])
    held = exchange.is_success and same and image != story.notes["second"]["image"]
    got = exchange.outcome if same else f"{exchange.outcome}, user.id {user} in place of {account.user_id}"
    got = f"{got}, image {image}" if image is not MISSING else got
    story.run.check(held, "the first account opens with its password, as it was", got, exchange)


@then("the other password does not")
def other_password_does_not(story: Story) -> None:
    exchange = sign_in(story, story.actor.email, story.notes["second"]["password"])
    story.run.check(not exchange.is_success, "the second password opens nothing", exchange.outcome, exchange)


@then("the sign-up is refused as taken, or hidden behind an invented user")
def taken_or_hidden(story: Story) -> None:
    exchange, account = story.last, story.actor
    if not exchange.is_success:
        refused(story.run, exchange, (422, 400, 409), "a taken e-mail")
        return
    got = first_field(exchange.response_json, ["user.id"])
    fresh = isinstance(got, str) and got not in ("", account.user_id)
    invented = session_token(exchange) == "" and fresh
    got = "a token, as for a new account" if session_token(exchange) else f"user.id {got}"
    story.run.check(invented, "a refusal, or an invented user with a fresh id and no token", got, exchange)


@then("the person has an account, which no refused password opens")
def refused_password_opens_nothing(story: Story) -> None:
    person = story.notes["person"]
    if not story.run.limited(operations.SIGN_IN):
        story.run.need_success(sign_in(story, person["email"], person["password"], intent=Intent.VALID))
    for password in (SHORT_PASSWORD, story.notes.get("too long")):
        if password is not None:
            exchange = sign_in(story, story.notes["person"]["email"], password)
            story.run.check(not exchange.is_success, "the refused password opens nothing", exchange.outcome, exchange)


@then("both are answered alike")
def answered_alike(story: Story) -> None:
    """What differs between two equal requests as well, such as a time or the id of a request, says nothing.

    Nor does a header that comes now and then: it has to tell the two apart when both are sent again.
    """
    run, first, second = story.run, story.notes["refused"], story.last
    told = "the same status, body and headers for a wrong password and an unknown e-mail"
    bodies, headers = [first.response_json, second.response_json], [_headers(first), _headers(second)]
    if bodies[0] != bodies[1] or headers[0] != headers[1]:
        again = run.send(second.call)
        bodies = [without_changing(body, second.response_json, again.response_json) for body in bodies]
        headers = [without_changing(names, _headers(second), _headers(again)) for names in headers]
        if headers[0] != headers[1]:
            other = run.send(first.call)
            headers = [without_changing(names, _headers(first), _headers(other)) for names in headers]
    alike = first.status == second.status and bodies[0] == bodies[1] and headers[0] == headers[1]
    got = f"{_told(first, headers[0])}, and {_told(second, headers[1])}"
    run.check(alike, told, got, second)


def _told(exchange: Exchange, headers: Any) -> str:
    return f"{exchange.outcome} with {shown(exchange.response_json)} and headers {shown(headers)}"


def _headers(exchange: Exchange) -> dict[str, str]:
    """Return the headers of a response that say something of the request: none of the connection, time or length."""
    headers = exchange.response.headers if exchange.response is not None else ()
    return {name.lower(): value for name, value in headers if name.lower() not in _OF_ANY_RESPONSE}


def without_changing(body: Any, one: Any, other: Any) -> Any:
    """Return a body without the fields that differ between two responses to the same request."""
    if not (isinstance(body, dict) and isinstance(one, dict) and isinstance(other, dict)):
        return body
    return {
        name: without_changing(value, one.get(name), other.get(name))
        for name, value in body.items()
        if one.get(name) == other.get(name) or isinstance(value, dict)
    }


@then("the last two sessions are open")
def last_two_are_open(story: Story) -> None:
    """Older ones may be closed by a cap on sessions, which is a policy."""
    times = story.notes["times"]
    tokens = [session_token(exchange) for exchange in story.exchanges]
    need(len(tokens) == times and all(tokens), "a sign-in hands out no token")
    for number, token in enumerate(tokens, 1):
        exchange = session_opens(story.run, token, story.actor)
        if number > times - _SESSIONS_KEPT or not story.run.has_status(exchange, HTTPStatus.UNAUTHORIZED):
            story.run.check(exchange.is_success, f"session {number} of {times} is open", exchange.outcome, exchange)
        else:
            _cap_seen(story)
    exchange = session_opens(story.run, tokens[-2], story.actor)
    told = f"session {times - 1} of {times} is open once the last one was used"
    story.run.check(exchange.is_success, told, exchange.outcome, exchange)


def _cap_seen(story: Story) -> None:
    story.run.record.policies["signInEmail: older sessions of an account are closed when it signs in again"] = None


@then("the session from before is as it was, or closed")
def older_session_as_it_was(story: Story) -> None:
    """The session in which the account was provisioned has an active organization, and keeps it.

    Where a body is looked at before the token, that the merchant is missing hides that the session is closed.
    """
    run, account = story.run, story.actor
    exchange = send_default(run, account)
    if not exchange.is_success:
        if run.has_status(session_opens(run, account.token, account), HTTPStatus.UNAUTHORIZED):
            _cap_seen(story)
            return
        if run.has_status(exchange, 400):
            need_default(run, account)
    got = first_field(exchange.response_json, ["merchantId"])
    held = exchange.is_success and got in (account.organization_id, MISSING)
    run.check(held, "a customer of the active organization", f"{exchange.outcome}, merchantId {got}", exchange)


@then("the session of the person is still open")
def session_still_open(story: Story) -> None:
    exchange = session_opens(story.run, story.notes["token"], story.actor)
    story.run.check(exchange.is_success, "the session is still open", exchange.outcome, exchange)


@then("the token of the sign-in opened a session")
def token_opened_session(story: Story) -> None:
    check_token(story.run, next(item for item in story.exchanges if item.call.token == story.notes["token"]))
