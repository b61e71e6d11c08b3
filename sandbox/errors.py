"""The two lawful shapes of an error, and every refusal by name (contract page: Errors)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from sandbox.behaviour import Call
from sandbox.model import AUTHENTICATION, JsonObject, Problem, Reply

NO_MEMBER = Problem(403, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION", "User is not a member of the organization")

REFUSALS: Mapping[str, Problem] = {
    "email-taken": Problem(422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email."),
    "unknown-email": Problem(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password"),
    "wrong-password": Problem(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password"),
    "not-verified": Problem(403, "EMAIL_NOT_VERIFIED", "Email not verified"),
    "no-session": Problem(401, "UNAUTHORIZED", "Unauthorized"),
    "organization-limit": Problem(
        403,
        "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS",
        "You have reached the maximum number of organizations",
    ),
    "slug-taken": Problem(400, "ORGANIZATION_ALREADY_EXISTS", "Organization already exists"),
    "unknown-organization": NO_MEMBER,
    "not-a-member": NO_MEMBER,
    "unknown-slug": Problem(400, "ORGANIZATION_NOT_FOUND", "Organization not found"),
    "no-active-organization": Problem(403, "NO_ACTIVE_ORGANIZATION", "No active organization"),
    "foreign-merchant": Problem(403, "FORBIDDEN", "You have no access to this merchant"),
    "same-customer": Problem(409, "CUSTOMER_ALREADY_EXISTS", "A customer with the same identity exists"),
    "customers-full": Problem(403, "CUSTOMER_LIMIT_REACHED", "The limit of 40 customers is reached"),
    "sessions-full": Problem(409, "TOO_MANY_OPEN_SESSIONS", "80 sessions are open"),
    "foreign-customer": Problem(403, "FORBIDDEN", "You have no access to this customer"),
    "unknown-customer": Problem(404, "CUSTOMER_NOT_FOUND", "Customer not found"),
    "two-options": Problem(400, "VALIDATION_ERROR", "Send either customerId or customer, not both"),
    "nobody": Problem(400, "VALIDATION_ERROR", "customer must have a name, an email or a phoneNumber"),
    "invalid": Problem(400, "VALIDATION_ERROR", "The request is invalid"),
    "not-an-object": Problem(400, "VALIDATION_ERROR", "The body must be a JSON object"),
    "too-deep": Problem(400, "VALIDATION_ERROR", "The body is nested too deeply"),
    "malformed": Problem(400, "BAD_REQUEST", "The body is not valid JSON"),
    "media-type": Problem(415, "UNSUPPORTED_MEDIA_TYPE", "The body must be application/json"),
    "too-large": Problem(413, "PAYLOAD_TOO_LARGE", "The body is too large"),
    "other-origin": Problem(403, "INVALID_ORIGIN", "Invalid origin"),
    "no-origin": Problem(403, "MISSING_OR_NULL_ORIGIN", "Missing or null Origin"),
    "absolute-callback": Problem(403, "INVALID_CALLBACK_URL", "Invalid callbackURL"),
    "unknown-path": Problem(404, "NOT_FOUND", "There is nothing here"),
    "wrong-method": Problem(405, "METHOD_NOT_ALLOWED", "This method is not allowed here"),
    "not-there": Problem(404, "NOT_FOUND", "Not found"),
    "broken": Problem(500, "INTERNAL_SERVER_ERROR", "Something went wrong"),
}


def phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def code_and_message(problem: Problem) -> JsonObject:
    """Shape B of the contract page."""
    return {"code": problem.code, "message": "; ".join(problem.messages)}


def status_and_message(problem: Problem) -> JsonObject:
    """Shape S of the contract page; several findings make a list."""
    message = list(problem.messages) if problem.more else problem.message
    return {"statusCode": problem.status, "message": message, "error": phrase(problem.status)}


def write_in_shape_of_the_path(call: Call, problem: Problem) -> Reply:
    """B on the authentication paths, S on all others: what the platform itself does."""
    body = code_and_message(problem) if call.operation in AUTHENTICATION else status_and_message(problem)
    return Reply(problem.status, body, problem.headers)
