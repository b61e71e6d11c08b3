"""Passive checks: what every exchange is held against, whoever asked for it, at no extra request.

A rule is data in the catalogue (`rule: {echo: {sent: totalAmount, came: [totalAmount]}}`); this module gives each kind
of rule its meaning. A rule answers None where an exchange does not decide it, else the findings, of which none means
that the requirement was held.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any, Final

from conformance.catalogue import Catalogue, CatalogueError, Requirement
from conformance.contract import Contract, SchemaBreach
from conformance.exchange import Exchange
from conformance.values import COMPARISONS, MISSING, contains, exactly, first_field, plain, shown, texts
from conformance.values import field as field_of

RATE_LIMITED: Final = 429
UNAUTHORIZED: Final = 401
GENERAL: Final = "general"
_LONG_ENOUGH: Final = 16
_DISTINCT: Final = 12
_PRIVATE: Final = ("email", "name", "slug", "customer.email", "customer.name")
_BELOW_THE_API: Final = frozenset({408, 413, 414, 429, 431})
_INTERNALS: Final = (
    ("an HTML page", re.compile(r"<\s*(!doctype|html|body|pre|h1|title)\b", re.IGNORECASE)),
    (
        "a stack trace",
        re.compile(
            r"Traceback \(most recent call last\)|^[ \t]+at [^\n]{1,300}:\d+:\d+\)?"
            r"|\bat [\w$.<> ]{1,100} \(?(?:file://|node:|/)[^\s)]{1,300}:\d+"
            r"|File \"[^\"]+\", line \d+|\bin [/\w.-]{1,200}\.(?:go|rb|php|java|py|js|ts):\d+|goroutine \d+ \["
            r"|\.(?:java|kt|cs|scala):\d+\)|Exception in thread",
            re.MULTILINE,
        ),
    ),
    (
        "a file path",
        re.compile(
            r"(?<![\w.:/])/(?:usr|home|var|opt|app|srv|etc|root|workspace|build|src|tmp|Users|mnt|data|code|node_modules)"
            r"/[\w.@/-]+|[A-Za-z]:\\\\?[\w.-]+\\|node_modules/"
            r"|(?<![\w/-])[\w/-]{1,200}\.(?:py|js|ts|mjs|rb|go|java|php|cs):\d+"
        ),
    ),
    (
        "an internal address",
        re.compile(
            r"\b(?:postgres(?:ql)?|mysql|mariadb|mongodb|redis|amqp|jdbc)(?:[+:]\w+)?://|ECONNREFUSED|getaddrinfo"
        ),
    ),
    (
        "SQL",
        re.compile(
            r"\b(?:SELECT\s.{1,300}?\sFROM\s|INSERT\s+INTO\s|UPDATE\s+[\w\"`]+\s+SET\s|DELETE\s+FROM\s|CREATE\s+TABLE\s)"
            r"|SQLITE_[A-Z]+|SQLSTATE|\bORA-\d{5}|PrismaClient|(?:UNIQUE|FOREIGN KEY|NOT NULL) constraint failed"
            r"|syntax error at or near|duplicate key value violates|no such (?:table|column)",
            re.IGNORECASE | re.DOTALL,
        ),
    ),
)
_HASH: Final = re.compile(
    r"\$2[abxy]\$\d\d\$|\$argon2|\$scrypt\$|\$pbkdf2|pbkdf2_sha|\b[0-9a-f]{32}:[0-9a-f]{128}\b|\bscrypt[:$]",
    re.IGNORECASE,
)
_HASH_FIELD: Final = re.compile(
    r"^(?:hashed_?)?(?:password|passwd|pwd)(?:_?hash|_?digest)?$|^(?:salt|hash)$", re.IGNORECASE
)


@dataclass(frozen=True)
class Finding:
    """One way in which an exchange departs from a requirement, in words for the owner of the API."""

    expected: str
    got: str


@dataclass
class Memory:
    """What a run remembers from one exchange for the next: values that never repeat, and facts told earlier."""

    seen: dict[str, dict[str, str]] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    private: dict[str, str] = field(default_factory=dict)
    durations: dict[str, list[float]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)


Params = Mapping[str, Any]
Check = Callable[[Exchange, Params, "Rules"], "list[Finding] | None"]


@dataclass
class Rules:
    """The passive checks of a catalogue, ready to be applied; raises `CatalogueError` for an unknown kind of rule."""

    catalogue: Catalogue
    contract: Contract
    memory: Memory = field(default_factory=Memory)

    def __post_init__(self) -> None:
        self._by_operation: dict[str, list[tuple[Requirement, Check, Params]]] = {}
        self._schema_paths: dict[str, dict[str, str]] = {}
        for requirement in self.catalogue:
            if requirement.rule is None:
                continue
            ((kind, params),) = requirement.rule.items()
            if kind not in KINDS:
                raise CatalogueError(f"{requirement.id}: unknown rule `{kind}`; known are {', '.join(sorted(KINDS))}")
            params = params if isinstance(params, dict) else {"value": params}
            self._by_operation.setdefault(requirement.operation, []).append(
                (requirement, KINDS[kind], {**params, "id": requirement.id})
            )
            if kind == "schema":
                paths = self._schema_paths.setdefault(requirement.operation, {})
                paths.update(dict.fromkeys(params["value"], requirement.id))

    def apply(self, exchange: Exchange) -> Iterable[tuple[Requirement, list[Finding]]]:
        """An exchange that came back: yields each requirement that it decides, with its findings.

        What says nothing about the target decides nothing: a gateway's page, a rate limit.
        """
        operation = exchange.call.operation or GENERAL
        if exchange.gateway or exchange.status == RATE_LIMITED:
            return
        self._remember(exchange)
        for requirement, check, params in self._by_operation.get(operation, ()):
            findings = check(exchange, params, self)
            if findings is not None:
                yield requirement, findings

    def schema_owner(self, operation: str, path: str) -> str | None:
        """A place of an answer: returns the id of the schema requirement that owns it (the longest path wins)."""
        paths = self._schema_paths.get(operation, {})
        names = path.split(".") if path else []
        for length in range(len(names), -1, -1):
            owner = paths.get(".".join(names[:length]))
            if owner is not None:
                return owner
        return None

    def _remember(self, exchange: Exchange) -> None:
        if not exchange.is_success or not isinstance(exchange.came, dict):
            return
        both = {"sent": exchange.sent, "came": exchange.came}
        facts = self.catalogue.facts.get(exchange.call.operation or "", ()) if exchange.call.intent == "valid" else ()
        for fact in facts:
            key, value = first_field(both, fact.key), first_field(both, fact.value)
            if key is not MISSING and value is not MISSING:
                self.memory.facts.setdefault(fact.name, {}).setdefault(str(key).casefold(), value)
        if exchange.call.actor and not exchange.call.generated:
            for path in _PRIVATE:
                text = field_of(exchange.sent, path)
                if isinstance(text, str) and len(text) > _DISTINCT:
                    self.memory.private.setdefault(text.casefold(), exchange.call.actor)


def documented_success(exchange: Exchange, rules: Rules) -> bool:
    """Whether the answer is one of the operation's documented successes."""
    operation = rules.contract.operations.get(exchange.call.operation or "")
    return exchange.is_success and operation is not None and exchange.status in operation.success


def unavailable(exchange: Exchange, cases: Iterable[Params]) -> str | None:
    """An answer that lawfully withholds an operation (a captcha, a limit): returns the reason, or None."""
    for case in cases:
        if exchange.status == case["status"] and re.search(
            case["says"], exchange.response.text if exchange.response else ""
        ):
            return str(case["reason"])
    return None


def _answered(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if exchange.failure is None:
        return []
    return [Finding("a complete HTTP answer within the time limit", exchange.failure)]


def _in_time(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    """Slow is what takes seconds, and many times as long as valid requests of the operation usually do."""
    key = exchange.call.operation or ""
    usual = rules.memory.durations.setdefault(key, [])
    if exchange.is_success and exchange.call.intent == "valid":
        usual.append(exchange.seconds)
        return []
    if exchange.response is None or not usual:
        return None
    bound = max(params["seconds"], params["times"] * median(usual))
    found = Finding(f"an answer within {bound:.1f} s", f"one after {exchange.seconds:.1f} s")
    return [] if exchange.seconds <= bound else [found]


def _no_server_error(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if exchange.response is None:
        return None
    return [Finding("no 5xx", f"status {exchange.status}")] if exchange.status >= 500 else []


def _accepts(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if exchange.call.intent != "valid" or exchange.response is None or exchange.status >= 500:
        return None
    if unavailable(exchange, params.get("unless", ())) or _token_is_new(exchange, rules):
        return None
    if exchange.status in params["statuses"] or exchange.is_success:
        return []
    wanted = " or ".join(map(str, params["statuses"]))
    return [Finding(f"status {wanted} for a valid request", f"status {exchange.status}")]


def _token_is_new(exchange: Exchange, rules: Rules) -> bool:
    """A 401 for a token that never worked says something about where the token came from, not about this operation."""
    if exchange.is_success and exchange.call.token:
        rules.memory.tokens.add(exchange.call.token)
    token = exchange.call.token
    return exchange.status == UNAUTHORIZED and token is not None and token not in rules.memory.tokens


def _documented(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if exchange.response is None or exchange.status >= 500:
        return None
    operation = rules.contract.operations[exchange.call.operation or ""]
    if exchange.status in operation.bodies or exchange.status in _BELOW_THE_API:
        return []
    known = ", ".join(map(str, sorted(operation.bodies)))
    return [Finding(f"a documented status ({known})", f"status {exchange.status}")]


def _media_type(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if not documented_success(exchange, rules) or exchange.response is None:
        return None
    told = [value for name, value in exchange.response.headers if name.lower() == "content-type"]
    if len(told) > 1:
        return [Finding("one Content-Type", " and ".join(told))]
    if exchange.response.says_json:
        return []
    return [Finding("Content-Type application/json", exchange.response.header("content-type") or "no Content-Type")]


def _schema(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if not documented_success(exchange, rules) or exchange.response is None:
        return None
    return [
        Finding(f"`{breach.path or 'the body'}` {breach.expected}", shown(breach.got))
        for breach in _schema_breaches(exchange, rules)
        if rules.schema_owner(exchange.call.operation or "", breach.path) == params["id"]
        and not _repeats(exchange, breach)
    ]


def _repeats(exchange: Exchange, breach: SchemaBreach) -> bool:
    """A field that the request had, wrong perhaps: that it was accepted is told by the check that sent it."""
    return exchange.call.intent != "valid" and field_of(exchange.sent, breach.path.partition(".")[0]) is not MISSING


def _schema_breaches(exchange: Exchange, rules: Rules) -> tuple[SchemaBreach, ...]:
    cached: tuple[SchemaBreach, ...] | None = exchange.__dict__.get("_schema_breaches")
    if cached is None:
        if exchange.came is MISSING:
            text = exchange.response.text if exchange.response else ""
            cached = (SchemaBreach("", "to be JSON", text[:100]),)
        else:
            cached = rules.contract.breaches(exchange.call.operation or "", exchange.status, exchange.came)
        exchange.__dict__["_schema_breaches"] = cached
    return cached


def _header(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    name = params["value"]
    if not documented_success(exchange, rules) or exchange.response is None or exchange.response.header(name) is None:
        return None
    value = exchange.response.header(name) or ""
    breaches = rules.contract.header_breaches(exchange.call.operation or "", exchange.status, name, value)
    return [Finding(f"header {name} {breach.expected}", shown(breach.got)) for breach in breaches]


def _is_client_error(exchange: Exchange) -> bool:
    return 400 <= exchange.status < 500 and exchange.status not in _BELOW_THE_API and exchange.call.method != "HEAD"


def _error_media_type(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if not _is_client_error(exchange) or exchange.response is None or not exchange.response.body:
        return None
    if exchange.response.says_json:
        return []
    return [Finding("an error in application/json", exchange.response.header("content-type") or "no Content-Type")]


def _error_shape(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if not _is_client_error(exchange) or exchange.response is None:
        return None
    if not exchange.response.body.strip():
        if exchange.status in params.get("may be empty", ()):
            return None
        return [Finding("an error body", f"status {exchange.status} with an empty body")]
    body = exchange.came
    if body is MISSING:
        return [Finding("an error body that is JSON", shown(exchange.response.text, 80))]
    if _is_status_error(body) or _is_code_error(body) or (exchange.status == 400 and _has_message(body)):
        return []
    wanted = "{statusCode: number, message: text or texts, error: text} or {code: text, message: text}"
    return [Finding(wanted, shown(body))]


def _has_text(body: Any, name: str) -> bool:
    return isinstance(field_of(body, name), str)


def _is_status_error(body: Any) -> bool:
    status = field_of(body, "statusCode")
    counted = isinstance(status, int | float) and not isinstance(status, bool)
    return counted and _has_message(body) and _has_text(body, "error")


def _has_message(body: Any) -> bool:
    message = field_of(body, "message")
    return isinstance(message, str) or (isinstance(message, list) and all(isinstance(item, str) for item in message))


def _is_code_error(body: Any) -> bool:
    return _has_text(body, "code") and _has_text(body, "message")


def _error_body(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if exchange.status not in params["value"] or exchange.response is None or exchange.call.method == "HEAD":
        return None
    return [] if exchange.response.body.strip() else [Finding("an error body", "an empty body")]


def _error_status(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    status = field_of(exchange.came, "statusCode")
    if exchange.status < 400 or status is MISSING:
        return None
    return [] if exactly(status, exchange.status) else [Finding(f"statusCode {exchange.status}", shown(status))]


def _no_internals(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if exchange.response is None or exchange.status < 400:
        return None
    text, sent = exchange.response.text, exchange.request_body.decode("utf-8", "replace")
    everything = [text, *texts(exchange.came)]
    found = [
        (what, next((hit for item in everything if (hit := pattern.search(item))), None))
        for what, pattern in _INTERNALS
    ]
    return [
        Finding("an error for the client alone", f"{what}: {shown(hit[0], 80)}")
        for what, hit in found
        if hit and hit[0] not in sent
    ]


def _no_password(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    password = field_of(exchange.sent, "password")
    if exchange.response is None or not isinstance(password, str) or len(password) < 8 or len(set(password)) < 6:
        return None
    others = [other for other in texts(_without_passwords(exchange.sent)) if password in other]
    if others:
        return None
    everywhere = [exchange.response.text, *texts(exchange.came), *(value for _, value in exchange.response.headers)]
    if any(password in text for text in everywhere):
        return [Finding("an answer without the password", "the password that was sent stands in it")]
    return []


def _without_passwords(value: Any) -> Any:
    return {name: item for name, item in value.items() if name != "password"} if isinstance(value, dict) else value


def _no_hash(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if exchange.response is None:
        return None
    findings = [
        Finding("no password hash", f"a field `{name}`")
        for name in _field_names(exchange.came)
        if _HASH_FIELD.match(name)
    ]
    hit = _HASH.search(exchange.response.text)
    if hit and hit[0] not in exchange.request_body.decode("utf-8", "replace"):
        findings.append(Finding("no password hash", f"text that looks like one: {hit[0][:12]}…"))
    return findings


def _no_token(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    token = exchange.call.token or ""
    if exchange.response is None or len(token) < _LONG_ENOUGH:
        return None
    bare = token.partition(".")[0]
    repeated = len(bare) >= _LONG_ENOUGH and bare in exchange.response.text
    return [Finding("a body without the session token", "the token of the request stands in it")] if repeated else []


def _field_names(value: Any, depth: int = 4) -> list[str]:
    if depth == 0:
        return []
    if isinstance(value, dict):
        inner = [name for key, item in value.items() if key != "metadata" for name in _field_names(item, depth - 1)]
        return [name for name, item in value.items() if isinstance(item, str)] + inner
    return [name for item in value for name in _field_names(item, depth - 1)] if isinstance(value, list) else []


def _no_foreign_data(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if exchange.response is None or not exchange.call.actor or not exchange.response.body:
        return None
    text, sent = exchange.response.text.casefold(), exchange.request_body.decode("utf-8", "replace").casefold()
    foreign = [
        address
        for address, owner in rules.memory.private.items()
        if owner != exchange.call.actor and address in text and address not in sent
    ]
    return [Finding("no data of another merchant", f"{address} of another merchant") for address in foreign]


def _echo(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    sent = field_of(exchange.sent, params["sent"])
    if params.get("how", "exact") in ("exact", "caseless") and not isinstance(sent, str | int | float):
        return None
    if sent is MISSING or sent is None or not documented_success(exchange, rules):
        return None
    if not isinstance(exchange.came, dict) or (exchange.call.generated and not plain(sent)):
        return None
    if any(field_of(exchange.sent, name) is not MISSING for name in params.get("lacks", ())):
        return None
    came = first_field(exchange.came, params["came"])
    told = rules.memory.facts.setdefault("told", {})
    if came is not MISSING:
        told[params["id"]] = True
    if came is MISSING:
        lawful = params.get("may be absent") is True or ("may be absent" in params and params["id"] not in told)
        return None if lawful else [Finding(f"`{params['came'][0]}` {shown(sent)}", "nothing")]
    if COMPARISONS[params.get("how", "exact")](sent, came):
        return []
    return [Finding(f"`{params['came'][0]}` {shown(sent)}", shown(came))]


def _applies(exchange: Exchange, params: Params, rules: Rules) -> bool:
    """Whether an exchange succeeded and its request has, and lacks, the fields that the rule is for."""
    if not documented_success(exchange, rules) or not isinstance(exchange.sent, dict):
        return False
    has = [field_of(exchange.sent, name) for name in params.get("has", ())]
    lacks = [field_of(exchange.sent, name) for name in params.get("lacks", ())]
    return all(value is not MISSING and value is not None for value in has) and not any(
        value is not MISSING for value in lacks
    )


def _absent(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if not _applies(exchange, params, rules):
        return None
    found = [(path, field_of(exchange.came, path)) for path in params["came"]]
    return [
        Finding(f"no `{path}`", shown(value)) for path, value in found if value is not MISSING and value is not None
    ]


def _present(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if not _applies(exchange, params, rules):
        return None
    value = first_field(exchange.came, params["came"])
    if isinstance(value, str) and value:
        return []
    wanted = " or ".join(f"`{path}`" for path in params["came"])
    return [Finding(wanted, shown(value))]


def _header_or_field(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if not documented_success(exchange, rules) or exchange.response is None:
        return None
    if exchange.response.header(params["header"]) or (
        isinstance(exchange.came, dict) and exchange.came.get(params["field"])
    ):
        return []
    return [Finding(f"header {params['header']} or field `{params['field']}`", "neither")]


def _header_beside_field(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    """Where the body has the field, the header is there too."""
    if not documented_success(exchange, rules) or exchange.response is None or not isinstance(exchange.came, dict):
        return None
    if not exchange.came.get(params["field"]):
        return None
    header = params["header"]
    return (
        []
        if exchange.response.header(header)
        else [Finding(f"header {header} beside `{params['field']}`", "no such header")]
    )


def _unique(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if not _applies(exchange, params, rules):
        return None
    value = first_field(exchange.came, params["came"])
    if "header" in params and exchange.response is not None:
        value = exchange.response.header(params["header"]) or value
    if not isinstance(value, str | int) or value == "":
        return None
    seen = rules.memory.seen.setdefault(str(params.get("among", params["id"])), {})
    first = seen.setdefault(str(value), f"#{exchange.number}")
    if first == f"#{exchange.number}":
        return []
    return [Finding("a value of its own for every answer", f"one that exchange {first} had already: {shown(value)}")]


def _recall(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if not documented_success(exchange, rules) or not isinstance(exchange.came, dict):
        return None
    key = field_of(exchange.sent, params["by"])
    fact = rules.memory.facts.get(params["fact"], {}).get(str(key).casefold(), MISSING)
    came = first_field(exchange.came, params["came"])
    if fact is MISSING or (came is MISSING and params.get("may be absent")):
        return None
    if contains(fact, came):
        return []
    return [Finding(f"`{params['came'][0]}` {shown(fact)}, as told before", shown(came))]


def _in_order(exchange: Exchange, params: Params, rules: Rules) -> list[Finding] | None:
    if not documented_success(exchange, rules):
        return None
    earlier, later = (_time(field_of(exchange.came, params[name])) for name in ("earlier", "later"))
    if earlier is None or later is None:
        return None
    if later > earlier or (params.get("may be equal") and later == earlier):
        return []
    return [
        Finding(
            f"`{params['later']}` after `{params['earlier']}`", f"{later.isoformat()}, not after {earlier.isoformat()}"
        )
    ]


def _time(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


KINDS: Final[dict[str, Check]] = {
    "answered": _answered,
    "in-time": _in_time,
    "no-server-error": _no_server_error,
    "accepts": _accepts,
    "documented-status": _documented,
    "media-type": _media_type,
    "schema": _schema,
    "header": _header,
    "error-media-type": _error_media_type,
    "error-shape": _error_shape,
    "error-body": _error_body,
    "error-status": _error_status,
    "no-internals": _no_internals,
    "no-password": _no_password,
    "no-hash": _no_hash,
    "no-token": _no_token,
    "no-foreign-data": _no_foreign_data,
    "echo": _echo,
    "absent": _absent,
    "present": _present,
    "header-or-field": _header_or_field,
    "header-beside-field": _header_beside_field,
    "unique": _unique,
    "recall": _recall,
    "in-order": _in_order,
}
