"""The rules for what must not stand in a response: internals, passwords, tokens, and what belongs to somebody else."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from conformance.checks.base import EVERYBODY, Basis, Check, Finding, Params
from conformance.values import MISSING, from_base64, parse_json, shown, texts, without
from conformance.values import field as field_of
from conformance.wire.exchange import Exchange

_TOLD: Final = 3
_SEARCHED: Final = 50_000
"""How many characters of a long error are searched for internals, at each of its ends."""
_TELLING: Final = 7
_TELLING_WORD: Final = 8
_DISTINCT: Final = 6
"""Characters of a password, those of one of letters alone, and different ones, that no other text is likely to have."""
_BETWEEN_TEXTS: Final = "\"',:{}[] \\\t\r\n"
"""What JSON has around a text: with it, a text that the request has elsewhere can look like its password."""
_COLUMN: Final = r"[\w.$\"`\[\]()*:]+(?:\s+AS\s+[\w\"`]+)?"
_COLUMNS: Final = rf"(?:DISTINCT\s+)?{_COLUMN}(?:\s*,\s*{_COLUMN}){{0,60}}"
INTERNALS: Final = (
    (
        "an HTML page",
        re.compile(
            r"<!doctype\s+html|^\s*<(?:html|head|body)\b|<(html|head|body|pre|h1|title)\b[^<>]*>.*?</\1\s*>",
            re.IGNORECASE | re.DOTALL,
        ),
    ),
    (
        "a stack trace",
        re.compile(
            r"Traceback \(most recent call last\)|^[ \t]+at [^\n]{1,300}:\d+:\d+\)?"
            r"|\bat [\w$.<> ]{1,100} \(?(?:file://|node:|/)[^\s)]{1,300}:\d+"
            r"|File \"[^\"]+\", line \d+|\bin [/\w.-]{1,200}\.(?:go|rb|php|java|py|js|ts|rs|exs?|kt|swift):\d+"
            r"|goroutine \d+ \[|\.(?:java|kt|cs|scala):\d+\)|Exception in thread",
            re.MULTILINE,
        ),
    ),
    (
        "a file path",
        re.compile(
            r"(?<![\w.:/])/(?:usr|home|var|opt|app|srv|etc|root|workspace|build|src|tmp|Users|mnt|data|code|node_modules)"
            r"/[\w.@/-]+|(?<![A-Za-z])[A-Za-z]:\\\\?[\w.-]+\\|node_modules/"
            r"|(?<![\w/-])[\w/-]{1,200}\.(?:py|js|ts|mjs|rb|go|java|php|cs|rs|exs?|kt|scala|swift|cpp):\d+"
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
            rf"\bSELECT\s+{_COLUMNS}\s+FROM\s+[\w\"`.]|\bINSERT\s+INTO\s+[\w\"`.]+\s*(?:VALUES\s*)?\("
            r"|\bUPDATE\s+[\w\"`.]+\s+SET\s+[\w\"`.]+\s*=|\bDELETE\s+FROM\s+[\w\"`.]+\s*(?:WHERE|;|$)|\bCREATE\s+TABLE\s"
            r"|SQLITE_[A-Z]+|SQLSTATE|\bORA-\d{5}|PrismaClient|\bSequelize\w{1,40}Error|QueryFailedError|\bER_[A-Z]+_"
        ),
    ),
    (
        "SQL",
        re.compile(
            r"\bselect\s+(?:\*|[^;<>]{0,300}[\"`][\w.]+[\"`][^;<>]{0,300}?)\s*from\s+[\"`\w]"
            r"|\bselect\s[^;<>]{1,300}?\sfrom\s+[\w\"`.]+\s+where\s+[\w\"`.]+\s*(?:[=<>?$']|like\s|in\s*\()"
            r"|\binsert\s+into\s+[\w\"`.]+\s*(?:values\s*)?\(|\bupdate\s+[\w\"`.]+\s+set\s+[\w\"`.]+\s*="
            r"|\bdelete\s+from\s+[\w\"`.]+\s+where\s+[\w\"`.]+\s*[=<>?$']|\bcreate\s+table\s+[\w\"`.]+\s*\("
            r"|(?:UNIQUE|NOT NULL|CHECK) constraint failed: [\w\"`'(]|FOREIGN KEY constraint failed"
            r"|Unique constraint failed on the (?:fields?|constraint): "
            r"|violates (?:unique|foreign key|not-null|check) constraint"
            r"|syntax error at or near|duplicate key value|no such (?:table|column):"
            r"|(?:relation|column) \"[\w.]+\"(?: of relation \"\w+\")? does not exist|error in your SQL syntax"
            r"|Duplicate entry '[^\n]{0,300}' for key '|Data too long for column '|Incorrect string value: '\\"
            r"|value too long for type character|invalid input syntax for type \w"
            r"|Violation of (?:UNIQUE|PRIMARY) KEY constraint|Cannot insert duplicate key row in object",
            re.IGNORECASE,
        ),
    ),
)
_ABOVE_FIELDS: Final = frozenset({"data", "attributes", "body", "requestBody", "payload", "properties", "params"})
"""What a pointer to a field of a request may begin with, as JSON:API and others have it."""
_HASH: Final = re.compile(
    r"\$2[abxy]\$\d\d\$|\$argon2|\$scrypt\$|\$pbkdf2|pbkdf2_sha|\b[0-9a-f]{32}:[0-9a-f]{128}\b|\bscrypt[:$]",
    re.IGNORECASE,
)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{24,}")
_HASH_WORDS: Final = ("$", "pbkdf2_sha", "scrypt:")
_LONG_AFTER_COLON: Final = re.compile(r":[0-9a-f]{128}")
_HASH_FIELD: Final = re.compile(
    r"^(?:(?:hashed|encrypted|crypted|salted)_?)?(?:password|passwd|pwd)(?:_?(?:hash|hashed|digest|salt|encrypted))?$",
    re.IGNORECASE,
)
_HASH_OF_AN_ACCOUNT: Final = re.compile(r"^(?:salt|hash)$", re.IGNORECASE)


def _no_internals(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if exchange.response is None or exchange.status < 400:
        return None
    told = exchange.response_json
    found: dict[str, str] = {}
    for what, pattern in INTERNALS:
        for item in [exchange.response.text] if told is MISSING else exchange.response_texts:
            for hit in pattern.finditer(_ends_of(item)):
                if not (_is_of_the_request(hit[0], exchange) or _is_pointer(hit[0], exchange, rules)):
                    found.setdefault(what, hit[0])
                    break
    return [Finding("an error for the client alone", f"{what}: {shown(hit, 80)}") for what, hit in found.items()]


def _ends_of(text: str) -> str:
    """Return a text, or its beginning and its end where it is so long that a search would take seconds."""
    return text if len(text) <= 2 * _SEARCHED else f"{text[:_SEARCHED]}\n{text[-_SEARCHED:]}"


def _is_of_the_request(text: str, exchange: Exchange) -> bool:
    """Return whether a text was in the request: in its body or URL, or as a pointer to one of its fields.

    A path under the base URL's own is the target's as a client knows it, unless it ends in the name of a file.
    """
    if text in exchange.request_text:
        return True
    path = text.rstrip(".-/")
    if not path.startswith("/"):
        return False
    url = unquote(urlsplit(exchange.url).path)
    base = url.removesuffix(unquote(exchange.call.path).partition("?")[0])
    steps = path.split("/")
    if path in url or (base and path.startswith(f"{base}/") and "." not in steps[-1]):
        return True
    last = next((step for step in reversed(steps) if not step.isdigit()), "")
    return bool(last) and last in exchange.request_texts


def _is_pointer(text: str, exchange: Exchange, rules: Basis) -> bool:
    """Return whether a text is a pointer to the operation's request, or to a field that may be missing (RFC 6901).

    So are the parameters of the query.

    A request to another spelling of a path is no operation's, but may be answered as one: any operation's fields count.
    """
    operation = rules.contract.operations.get(exchange.call.operation or "")
    operations = [operation] if operation is not None else rules.contract.operations.values()
    paths = [path for each in operations for path in each.request.paths(put=True)]
    known = {name for path in paths for name in path.split(".")}
    known.update(name for name, _ in parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True))
    steps = [step for step in text.rstrip(".-/").split("/")[1:] if not step.isdigit()]
    return bool(steps) and known.union(_ABOVE_FIELDS).issuperset(steps)


def _no_password(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    password, others = _password_of(exchange, params["request"])
    if exchange.response is None or not isinstance(password, str) or not _is_telling(password):
        return None
    inner = password.strip(_BETWEEN_TEXTS)
    if any(inner in other for other in others):
        return None
    everywhere = [
        exchange.response.text,
        *exchange.response_texts,
        *(value for _, value in exchange.response.headers),
    ]
    if any(password in text for text in everywhere):
        return [Finding("a response without the password", "the password that was sent stands in it")]
    return []


def _password_of(exchange: Exchange, name: str) -> tuple[Any, list[str]]:
    """Return the password that a request has in a field, in a body that cannot be read too, and its other texts."""
    sent, text = exchange.request_json, exchange.request_text
    if sent is not MISSING:
        return field_of(sent, name), texts(without(sent, name))
    found = re.search(rf'"{re.escape(name)}"\s*:\s*"([^"\\]+)"', text)
    return (found[1], [text[: found.start(1)], text[found.end(1) :]]) if found else (MISSING, [])


def _is_telling(password: str) -> bool:
    """Return whether a response that has a password has it from the request: no other text is likely to hold it."""
    enough = _TELLING_WORD if password.isalpha() else _TELLING
    return len(password) >= enough and len(set(password)) >= _DISTINCT


def _no_hash(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if exchange.response is None:
        return None
    of_an_account = "request" in params and field_of(exchange.request_json, params["request"]) is not MISSING
    findings = [
        Finding("no password hash", f"a field `{name}`")
        for name, text in _text_fields(exchange.response_json, params.get("free", ()))
        if _HASH_FIELD.match(name) or (of_an_account and _HASH_OF_AN_ACCOUNT.match(name))
        if not _is_message(text, success=exchange.is_success)
    ]
    headers = [text for _, value in exchange.response.headers for text in (value, *_decoded(value))]
    findings += [
        Finding("no password hash", f"a field `{name}` in a header")
        for text in headers
        for name, _ in (_text_fields(parse_json(text.encode()), ()) if text.startswith("{") else ())
        if _HASH_FIELD.match(name)
    ]
    everything = "\n".join([exchange.response.text, *headers])
    hit = _HASH.search(everything) if _may_hold_hash(everything) else None
    if hit and hit[0] not in exchange.request_text:
        findings.append(Finding("no password hash", f"text that looks like one: {hit[0][:12]}…"))
    return findings


@lru_cache(maxsize=256)
def _decoded(value: str) -> tuple[str, ...]:
    """Return what stands in base64 in the value of a header, as text: cookies have JSON so."""
    whole = (run[: len(run) - len(run) % 4] for run in _BASE64.findall(unquote(value)))
    return tuple(from_base64(run).decode("utf-8", "ignore") for run in whole)


def _is_message(text: str, *, success: bool) -> bool:
    """Return whether a text is words, or the name of a mistake: errors have such by the names of the wrong fields."""
    return " " in text.strip() or not (success or any(map(str.isdigit, text)))


def _may_hold_hash(text: str) -> bool:
    """Return whether a text has in it what each form of a hash has; a quick look that most texts end with."""
    small = text.lower()
    return any(word in small for word in _HASH_WORDS) or _LONG_AFTER_COLON.search(small) is not None


def _text_fields(value: Any, free: Collection[str], depth: int = 4) -> list[tuple[str, str]]:
    if depth == 0:
        return []
    if isinstance(value, dict):
        inner = [pair for key, item in value.items() if key not in free for pair in _text_fields(item, free, depth - 1)]
        return [(name, item) for name, item in value.items() if isinstance(item, str)] + inner
    return [pair for item in value for pair in _text_fields(item, free, depth - 1)] if isinstance(value, list) else []


def _only_own(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    """Hold a response against what other requests left; `siblings` are operations whose things it may show besides.

    That is a success, or a refusal of a body that cannot be read: another refusal may name what is there already.
    """
    traces = rules.memory.traces
    refused = 400 <= exchange.status < 500 and exchange.is_unreadable
    judged = refused or (exchange.is_success and not exchange.call.generated and not exchange.call.repeat)
    foreign = traces.foreign(exchange, params.get("siblings"), params.get("echoes", ())) if judged else {}
    traces.learn(exchange, params)
    if not judged or not isinstance(exchange.response_json, dict):
        return None
    return [
        Finding("nothing of another request", f"{shown(name)}, which belongs to exchange #{origin.number}")
        for name, origin in list(foreign.items())[:_TOLD]
    ]


def _no_foreign_data(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if exchange.response is None or not exchange.call.actor or not exchange.response.body:
        return None
    text, sent = exchange.response_text.casefold(), exchange.request_text.casefold()
    foreign = [
        address
        for address in sorted(rules.memory.private_texts.within(text))
        if rules.memory.private[address] not in (EVERYBODY, exchange.call.actor) and address not in sent
    ]
    return [Finding("no data of another merchant", f"{address} of another merchant") for address in foreign]


KINDS: Final[dict[str, Check]] = {
    "no-internals": _no_internals,
    "no-password": _no_password,
    "no-hash": _no_hash,
    "no-foreign-data": _no_foreign_data,
    "only-own": _only_own,
}
