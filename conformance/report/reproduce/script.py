"""A breach as a shell script of its own: it signs up, signs in and so on, up to the request whose response broke it."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from conformance.contract.catalogue import Requirement
from conformance.report.reproduce.origins import WORD, Origins, Part, Place, common_end, common_start, token_of
from conformance.report.reproduce.passwords import fresh
from conformance.results.history import History
from conformance.results.records import Breach, Record
from conformance.results.verdicts import Result
from conformance.run import Run
from conformance.settings import Settings
from conformance.values import visible
from conformance.wire.exchange import Exchange, Intent

SCRIPTS: Final = "reproduce"
"""The folder of the scripts, within that of the reports."""
_HIDDEN: Final = frozenset({"host", "content-length", "accept-encoding", "connection", "user-agent"})
_REMEMBERING: Final = frozenset(
    {
        "unique",
        "recall",
        "same-time",
        "unguessable-token",
        "no-other-token",
        "only-own",
        "no-foreign-data",
        "no-disguised-password",
    }
)
_IN_QUOTES: Final = '\\"$`'
"""What is special within double quotes of a shell."""
_NAMED: Final = re.compile(r"exchange #(\d+)")
"""How the words of a breach name another exchange."""
_FIRST, _END = "\ue000", "\ue001"
_MARKED: Final = re.compile(f"{_FIRST}([^{_END}]*){_END}")
_LONGEST_BODY: Final = 20_000
_REPEATED: Final = re.compile(rb"([A-Za-z0-9])\1{999,}")
"""A letter or digit a thousand times or more, which a script repeats itself."""
_PARTS: Final = re.compile(r"([A-Za-z0-9])\1{999,}|(?:(?!([A-Za-z0-9])\2{999,})[ -~])+|[^ -~]+")
"""The parts of a text: such a run, whose character is the first group, plain text, and what is neither."""
_WIDTH: Final = 110


@dataclass(frozen=True)
class Script:
    """The script of a requirement's breach: the name of its file, and its text."""

    name: str
    text: str


def scripts(run: Run, records: Iterable[Record], results: Iterable[Result]) -> dict[str, Script]:
    """Return a script for each broken requirement whose breach has an exchange, by id."""
    broken = [result for result in results if result.breaches]
    if not broken:
        return {}
    origins = Origins(run.history, run.catalogue)
    own = {record.test: record.numbers for record in records}
    found = {result.requirement.id: _script(run, origins, own, result) for result in broken}
    return {name: script for name, script in found.items() if script is not None}


def _script(run: Run, origins: Origins, own: Mapping[str, list[int]], result: Result) -> Script | None:
    requirement, breach = result.requirement, result.breaches[0]
    numbers = own.get(breach.test, [])
    number = breach.exchange["number"] if breach.exchange else max(numbers, default=0)
    shown = run.history.get(number)
    if shown is None:
        return None
    kind = next(iter(requirement.rule or {}), "")
    is_surprise = shown.is_success is (shown.call.intent is Intent.ANY)
    remembers = kind in _REMEMBERING or is_surprise or shown.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    told = [one for one in numbers if _is_told(run.history, one)]
    told += [int(one) for one in _NAMED.findall(breach.got)]
    told += [origins.given[word].number for word in WORD.findall(breach.got) if word in origins.given]
    chain = origins.chain(number, told, remembers=remembers)
    if any(len(_REPEATED.sub(b"", exchange.request_body)) > _LONGEST_BODY for exchange in chain):
        return None
    return Script(f"{requirement.id}.sh", render(chain, origins, run, requirement, breach))


def _is_told(history: History, number: int) -> bool:
    exchange = history.get(number)
    return exchange is not None and not exchange.call.generated


def render(chain: list[Exchange], origins: Origins, run: Run, requirement: Requirement, breach: Breach) -> str:
    """Return the script that sends a chain of requests."""
    writer = Writer(origins, run.id, run.settings, {exchange.number: at for at, exchange in enumerate(chain, 1)})
    steps = "\n".join(writer.step(exchange) for exchange in chain)
    name = f"{requirement.id}.sh"
    about = f"{requirement.id} ({requirement.level}, {requirement.operation}): {requirement.statement}"
    facts = [f"Expected: {breach.expected}", f"The run got: {breach.got}"]
    mask = run.masker.text
    text = _template().render(
        about=_comment([about, *facts]),
        file=name,
        requests="this request" if len(chain) == 1 else f"these {len(chain)} requests",
        status=chain[-1].status or 0,
        base_url=_quoted(mask(run.base_url)),
        variables=writer.variables,
        steps=steps.strip(),
        last=len(chain),
        expected="\n".join(_flat(mask(line)) for line in [*facts, f"in {chain[-1].summary}"]),
    )
    return run.masker.known(text)


@lru_cache(maxsize=1)
def _template() -> Any:
    loader = PackageLoader("conformance.report", "templates")
    made = Environment(
        loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return made.get_template("reproduce.sh")


@dataclass
class Writer:
    """Writes requests as steps of a script; `places` has, by the numbers of the exchanges, their places in it."""

    origins: Origins
    run_id: str
    settings: Settings
    places: Mapping[int, int]
    variables: list[str] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)
    _before: list[str] = field(default_factory=list)
    _used: dict[int, set[str]] = field(init=False)
    _derived: dict[str, str] = field(default_factory=dict)
    _expressions: dict[str, str] = field(default_factory=dict)
    _fresh: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._used = {number: self.origins.values_of(number) for number in self.places}
        sent = [self.origins.secrets_sent(self.origins.exchange(number)) for number in self.places]
        self._fresh = fresh(dict.fromkeys(secret for secrets in sent for secret in secrets))

    def step(self, exchange: Exchange) -> str:
        """Return the lines that send a request, and take from its response what a later one needs."""
        place = self.places[exchange.number]
        self._before = []
        if not self._names:
            self._names[self.run_id] = "run"
            self._before += ["run=${RUN:-$(random 8)}"]
            self.variables.append("RUN           the mark of all that it creates (default: a new one)")
        for secret in self.origins.secrets_sent(exchange):
            self._know_secret(secret)
        for word, value in self.origins.near_words(exchange).items():
            if value in self._names:
                token = self._derived.setdefault(word, f"#{len(self._derived)}")
                self._expressions[token] = _derivation(word, value, self._names[value])
        body = self._body(exchange)
        options = [f"-H {option}" for option in self._headers(exchange)]
        target = self._in_quotes(exchange.call.path)
        sent = " \\\n  ".join([f"send {place} {exchange.call.method} {target}", *options])
        title = f"# {place}. {exchange.call.method} {visible(exchange.call.path)} → {exchange.status or 'no response'}"
        taken = [line for value, at in self.origins.given.items() for line in self._taken(value, at, exchange)]
        return "\n".join(["", self._mark_free(title), *self._before, *body, sent, *taken])

    def _mark_free(self, title: str) -> str:
        for value, name in self._names.items():
            title = title.replace(value, f"({name})")
        return title

    def _taken(self, value: str, at: Place, exchange: Exchange) -> list[str]:
        """Return the lines that take a value from the response, where a later request of the script holds it."""
        if at.number != exchange.number or not self._is_used_after(value, exchange.number):
            return []
        place = self.places[at.number]
        what = at.header or at.path
        name = re.sub(r"[^A-Za-z0-9]+", "_", what.rpartition(".")[2] or what).lower().strip("_0123456789")
        name = f"{name or 'value'}{place}"
        while name in self._names.values():
            name += "x"
        self._names[value] = name
        ask = "header" if at.header else "value"
        return [f"{name}=$({ask} {place} {shlex.quote(what)})", f'need {place} {shlex.quote(what)} "${name}"']

    def _is_used_after(self, value: str, number: int) -> bool:
        return any(value in used for later, used in self._used.items() if later > number)

    def _know_secret(self, secret: str) -> None:
        """Give a password a variable: it is made up, unless it is that of an account that the user named."""
        if secret in self._names:
            return
        for attribute in ("merchant_password", "second_merchant_password"):
            if secret == getattr(self.settings, attribute):
                variable = attribute.upper()
                self._names[secret] = variable
                self.variables.append(f"{variable}  the password of that account")
                self._before.append(f'{variable}=$(json "${{{variable}:?the password of that account}}")')
                return
        number = sum(name.startswith("password") for name in self._names.values()) + 1
        self._names[secret] = name = f"password{number}"
        if len(self._fresh) > 1:
            self._before.append(f"{name}=$(json {shlex.quote(self._fresh[secret])})")
            return
        self.variables.append(f"PASSWORD{number}     the password {number} (default: a new one)")
        self._before.append(f'{name}=$(json "${{PASSWORD{number}:-$(password {len(secret)})}}")')

    def _joined(self, parts: Iterable[Part]) -> str:
        """Return an expression in double quotes for parts of known values."""
        found = []
        for part in parts:
            name = self._names.get(part.text, "")
            if not part.known or not name:
                found.append(_escaped(part.text, '\\"$`'))
            elif part.start:
                found.append(f'$(printf %.{part.start}s "${name}")')
            elif part.end:
                found.append(f'$(printf %s "${name}" | tail -c {part.end})')
            else:
                found.append(f"${{{name}}}")
        return f'"{"".join(found)}"'

    def _marked(self, text: str) -> str:
        """Return a text in which each known value is a mark that names its variable."""
        known = {**self._names, **self._derived}
        for value in sorted(known, key=len, reverse=True):
            name = known[value]
            for form in dict.fromkeys((value, json.dumps(value, ensure_ascii=False)[1:-1], json.dumps(value)[1:-1])):
                text = text.replace(form, f"{_FIRST}{name}{_END}")
        return text.replace(self.run_id.upper(), f"{_FIRST}RUN{_END}") if self.run_id.upper() != self.run_id else text

    def _in_shell(self, text: str, special: str) -> str:
        """Return a text for a place of a script where some characters are special, with its variables."""
        pieces = _MARKED.split(self._marked(text))
        return "".join(
            (_escaped(piece, special) if number % 2 == 0 else self._variable(piece))
            for number, piece in enumerate(pieces)
        )

    def _variable(self, name: str) -> str:
        if name in self._expressions:
            return self._expressions[name]
        return '$(printf %s "$run" | tr a-f A-F)' if name == "RUN" else f"${{{name}}}"

    def _in_quotes(self, text: str) -> str:
        return f'"{self._in_shell(text, _IN_QUOTES)}"'

    def _body(self, exchange: Exchange) -> list[str]:
        raw = exchange.request_body
        if not raw:
            return []
        text = raw.decode("utf-8", "surrogateescape")
        if not text.isprintable() or text != text.strip() or _REPEATED.search(raw):
            return [f'{{ {" ".join(self._printed(text))} }} >"$folder/body"']
        return ["body <<BODY", self._in_shell(text, "\\$`"), "BODY"]

    def _printed(self, text: str) -> Iterator[str]:
        """Yield the commands that print a body of any octets: variables, plain text, long runs, others by octets."""
        for number, piece in enumerate(_MARKED.split(self._marked(text))):
            if number % 2:
                yield f'printf %s "{self._variable(piece)}";'
                continue
            for found in _PARTS.finditer(piece):
                part = found[0]
                if found[1]:
                    yield f"repeat {len(part)} {found[1]};"
                    continue
                octets = "".join(f"\\{octet:03o}" for octet in part.encode("utf-8", "surrogateescape"))
                yield (
                    f"printf %s {shlex.quote(part)};"
                    if part.isascii() and part.isprintable()
                    else f"printf '{octets}';"
                )

    def _headers(self, exchange: Exchange) -> list[str]:
        own = {header.partition(":")[0].strip().lower() for header in self.settings.header}
        found = []
        for name, value in exchange.request_headers:
            if name.lower() in _HIDDEN:
                continue
            if name.lower() in own:
                found.append(self._from_environment(name))
            elif name.lower() == "authorization" and (token := token_of(exchange)) and value.endswith(token):
                scheme = _escaped(value.removesuffix(token), _IN_QUOTES)
                found.append(f'"{name}: {scheme}{self._joined(self.origins.parts(token))[1:-1]}"')
            else:
                found.append(self._in_quotes(f"{name}: {value}"))
        return found

    def _from_environment(self, name: str) -> str:
        variable = re.sub(r"\W", "_", name).upper()
        line = f"{variable}  the value of the header {name}"
        if line not in self.variables:
            self.variables.append(line)
        return f'"{name}: ${{{variable}:?the value of the header {name}}}"'


def _derivation(word: str, value: str, name: str) -> str:
    """Return an expression of the shell for a word that is nearly the value of a variable."""
    ways = {"A-Z a-z": str.lower, "a-z A-Z": str.upper, "A-Za-z a-zA-Z": str.swapcase}
    for way, changed in ways.items():
        if changed(value) == word:
            return f'$(printf %s "${name}" | tr {way})'
    same = common_start(value, word)
    rest = word[same:]
    for way, changed in ways.items():
        if rest and changed(value[same:]) == rest:
            return f'$(printf %.{same}s "${name}")$(printf %s "${name}" | cut -c{same + 1}- | tr {way})'
    end = common_end(value, word)
    if end > same:
        return f'{word[:-end]}$(printf %s "${name}" | tail -c {end})'
    return f'$(printf %.{same}s "${name}"){rest}'


def _escaped(text: str, special: str) -> str:
    return re.sub(f"([{re.escape(special)}])", r"\\\1", text)


def _quoted(text: str) -> str:
    return _escaped(text, '\\"$`}')


def _flat(text: str) -> str:
    return " ".join(visible(text).split()) or "(nothing)"


def _comment(lines: Iterable[str]) -> str:
    """Return lines as comments of a script, whatever a target put into them."""
    return "\n".join(
        f"# {part}" for line in lines for part in textwrap.wrap(_flat(line), _WIDTH, break_on_hyphens=False) or [""]
    )
