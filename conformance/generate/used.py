"""Which checks of schemathesis are used, and which requirements they decide; known without importing schemathesis."""

from __future__ import annotations

from typing import Final

from conformance.contract.catalogue import Catalogue

CHECKS: Final[dict[str, tuple[str, ...]]] = {
    "not_a_server_error": ("no-server-error",),
    "status_code_conformance": ("documented-status",),
    "content_type_conformance": ("media-type", "error-media-type"),
    "response_headers_conformance": ("header", "media-type"),
    "response_schema_conformance": ("schema", "error-shape"),
}
"""Schemathesis' checks that are used, and the kinds of rule in the catalogue that name what they find."""

SWITCHED_OFF: Final[dict[str, str]] = {
    "unsupported_method": "404 for another method is lawful; the features test methods",
    "allow_header_conformance": "no source promises an Allow header",
    "positive_data_acceptance": "a taken e-mail or slug is refused lawfully; valid requests of our own have to succeed",
    "negative_data_rejection": "the document is stricter than any target has to be, and a 5xx counts as rejected",
    "missing_required_header": "it wants exactly 401 where a body may lawfully be validated first",
    "ignored_auth": "it doubles the requests; the features test every protected operation with six kinds of bad token",
    "ensure_resource_availability": "the six operations have no read among them",
    "use_after_free": "nothing is deleted",
    "object_level_authorization": "it needs reads; the features keep tenants apart",
    "max_response_time": "no source promises a time",
}
"""Schemathesis' checks that cry wolf on this contract or find nothing in it, each with the reason."""


def ids_of(catalogue: Catalogue, operation: str) -> list[str]:
    """The requirements of an operation that generated cases decide, by the checks that are used."""
    kinds = {kind for used in CHECKS.values() for kind in used}
    return [row.id for row in catalogue if row.operation == operation and row.rule and kinds & row.rule.keys()]
