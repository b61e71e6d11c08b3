"""The OWASP API Security Top 10 (2023): its categories, and what of each cannot be seen from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

EDITION: Final = "OWASP API Security Top 10 (2023)"
ADDRESS: Final = "https://owasp.org/API-Security/editions/2023/en/"


@dataclass(frozen=True)
class Category:
    """A category of the list; `unseen` is what a black-box test with the accounts of two tenants cannot see of it."""

    id: str
    title: str
    page: str
    unseen: str

    @property
    def href(self) -> str:
        return f"{ADDRESS}{self.page}/"


CATEGORIES: Final = (
    Category(
        "API1",
        "Broken Object Level Authorization",
        "0xa1-broken-object-level-authorization",
        "Objects that only other operations reach, and what a third tenant, a partner or the platform's own staff may "
        "see. Between the two tenants every id in every field is tried.",
    ),
    Category(
        "API2",
        "Broken Authentication",
        "0xa2-broken-authentication",
        "How passwords and tokens are stored, how long a token lives, how a password is reset or an e-mail verified, "
        "second factors, and where guessing is stopped: many wrong passwords in a row would lock a test's accounts.",
    ),
    Category(
        "API3",
        "Broken Object Property Level Authorization",
        "0xa3-broken-object-property-level-authorization",
        "A field under a name that nobody has guessed, and a field that was set and that no response shows.",
    ),
    Category(
        "API4",
        "Unrestricted Resource Consumption",
        "0xa4-unrestricted-resource-consumption",
        "Memory, processor time and money that a request costs, and the limits on how many requests are allowed: "
        "single requests are made large, the target is not put under load.",
    ),
    Category(
        "API5",
        "Broken Function Level Authorization",
        "0xa5-broken-function-level-authorization",
        "Functions of administrators, which no document of the API names, and roles within an organization: "
        "both tenants are owners. Other methods of the known paths are tried.",
    ),
    Category(
        "API6",
        "Unrestricted Access to Sensitive Business Flows",
        "0xa6-unrestricted-access-to-sensitive-business-flows",
        "All of it: what harms the business when it is done too often is known to the business alone, and a captcha or "
        "a limit in front of it is lawful.",
    ),
    Category(
        "API7",
        "Server Side Request Forgery",
        "0xa7-server-side-request-forgery",
        "Whether the target fetches a URL that it was given: the test has no address at which the target could call. "
        "What is seen is only which URLs it takes.",
    ),
    Category(
        "API8",
        "Security Misconfiguration",
        "0xa8-security-misconfiguration",
        "Patches, ports, storage and permissions behind the API, the versions of TLS and headers for browsers such as "
        "CORS. What errors and headers tell, and how odd bodies are read, is seen.",
    ),
    Category(
        "API9",
        "Improper Inventory Management",
        "0xa9-improper-inventory-management",
        "Hosts, versions and paths that no document names: one base URL is tested, and one made-up path below it.",
    ),
    Category(
        "API10",
        "Unsafe Consumption of APIs",
        "0xaa-unsafe-consumption-of-apis",
        "All of it: which other services the target calls, and how it takes what they answer, is behind it.",
    ),
)
