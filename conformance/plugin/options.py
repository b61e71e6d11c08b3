"""The options: each is read from the command line, an ini key or an environment variable, in that order."""

from __future__ import annotations

import importlib.util
import os
import random
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from conformance.plugin.adapters import EarlyOptions
from conformance.plugin.mistakes import unknown_variable
from conformance.profile import NO_PROFILE, Profile, ProfileError, load_profile
from conformance.results.comparison import read_report
from conformance.settings import DEFAULTS, SECRET, Origin, Place, Settings, Size
from conformance.wire.pacing import parse_rate
from conformance.wire.together import MOST

_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"", "0", "false", "no", "off"})
_DOMAIN: Final = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_TOKENS: Final = "checks of authentication send requests without a token; name an account with --merchant-email"
_FRAMES: Final = "it frames the message"
_OWN_HEADERS: Final = {
    "authorization": _TOKENS,
    "cookie": "the suite sends no cookies",
    **dict.fromkeys(
        ("content-length", "transfer-encoding", "connection", "expect", "te", "trailer", "upgrade"), _FRAMES
    ),
    "content-type": "checks of media types set it",
    "content-encoding": "checks of media types set it",
}
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00-\x08\x0a-\x1f\x7f]*")
_MOST_SECONDS: Final = 1_000_000
_MOST: Final = 10**12
_SHOWN: Final = 60
_SOCKS: Final = ("socks5", "socks5h")


def _quoted(text: str) -> str:
    """Return a value as a message shows it: in quotes, and not without end."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _size(text: str) -> Size:
    if text not in list(Size):
        raise ValueError(f"{_quoted(text)} is not a size; choose one of {', '.join(Size)}")
    return Size(text)


def _whole(text: str) -> int:
    try:
        number = int(text) if len(text) <= _SHOWN else None
    except ValueError:
        number = None
    if number is None or abs(number) > _MOST:
        raise ValueError(f"{_quoted(text)} is not a whole number up to {_MOST}")
    return number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0


def _concurrency(text: str) -> int:
    number = _whole(text)
    if not 1 <= number <= MOST:
        raise ValueError(f"{text!r} is not a number of requests from 1 to {MOST}")
    return number


def _seconds(text: str) -> float:
    if not 0 < (seconds := _number(text)) <= _MOST_SECONDS:
        raise ValueError(f"{_quoted(text)} is not a number of seconds above 0 and up to {_MOST_SECONDS}")
    return seconds


def _waiting(text: str) -> float:
    if not 0 <= (seconds := _number(text)) <= _MOST_SECONDS:
        raise ValueError(f"{_quoted(text)} is not a number of seconds from 0 to {_MOST_SECONDS}")
    return seconds


def _folder(text: str) -> str:
    if not text.strip():
        raise ValueError("an empty text names no folder; write one such as reports")
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"[\w.-]+|\[?[0-9A-Fa-f:]+\]?", text):
        raise ValueError(f"{_quoted(text)} is not a host; write its name alone, such as staging.example.com")
    return text.strip("[]")


def _email(text: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        raise ValueError(f"{_quoted(text)} is not an e-mail address; write one such as owner@example.com")
    return text


def _rate(text: str) -> str:
    parse_rate(text)
    return text


def _header(text: str) -> str:
    name = text.partition(":")[0]
    if not name.isascii():
        raise ValueError(f"the name of the header {_quoted(name)} is not ASCII, which HTTP does not carry")
    if not _HEADER.fullmatch(text):
        raise ValueError("a header is written 'Name: value', on one line and without control characters")
    if not text.isascii():
        raise ValueError(f"the value of the header {name} is not ASCII, which HTTP does not carry")
    if name.lower() in _OWN_HEADERS:
        raise ValueError(f"the header {name} is set by the suite for each request: {_OWN_HEADERS[name.lower()]}")
    return text


def _secret_in_file(text: str) -> str:
    try:
        lines = Path(_file(text)).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"the file {text!r} is in another encoding; save it as UTF-8") from None
    if not lines or not lines[0].strip():
        raise ValueError(f"the file {text!r} has no password in its first line")
    return lines[0].strip()


def _file(text: str) -> str:
    if Path(text).is_dir():
        raise ValueError(f"{text!r} is a folder; name a file in it")
    try:
        with Path(text).open("rb"):
            return text
    except FileNotFoundError:
        raise ValueError(f"there is no file {text!r}") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ValueError(f"the file {_quoted(text)} cannot be read ({why})") from None


def _new_file(text: str) -> str:
    if Path(text).exists():
        raise ValueError(f"{text!r} exists already; name a new file, and compare the two")
    if not Path(text).absolute().parent.is_dir():
        raise ValueError(f"there is no folder for {text!r}; make it first")
    return text


def _report(text: str) -> str:
    read_report(Path(_file(text)))
    return text


def _authorities(text: str) -> str:
    try:
        ssl.create_default_context(cafile=_file(text))
    except (ssl.SSLError, OSError):
        raise ValueError(f"the file {text!r} holds no certificate in PEM form") from None
    return text


def _certificate(text: str) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(_file(text), password="")
    except (ssl.SSLError, OSError):
        raise ValueError(
            f"the file {text!r} holds no certificate with its key, both in PEM form, unencrypted"
        ) from None
    return text


def _proxy(text: str) -> str:
    try:
        parts = urlsplit(text)
        held = parts.scheme in ("http", "https", *_SOCKS) and parts.hostname and parts.port != 0
    except ValueError:
        held = False
    if held and parts.scheme in _SOCKS and not importlib.util.find_spec("socksio"):
        raise ValueError("a SOCKS proxy needs the package socksio; install it with `pip install socksio`")
    if not held:
        raise ValueError("a proxy is written http://HOST:PORT")
    return text


def _domain(text: str) -> str:
    if not _DOMAIN.fullmatch(text) or len(text) > 190 or any(len(label) > 63 for label in text.split(".")):
        raise ValueError(f"{_quoted(text)} is not a domain; write one such as example.com")
    return text


def _phone_prefix(text: str) -> str:
    if not re.fullmatch(r"\+[1-9][0-9]{0,7}", text):
        raise ValueError(
            f"{_quoted(text)} is not the start of a phone number; write a plus and up to eight digits, such as +2665"
        )
    return text


def _currency(text: str) -> str:
    if not re.fullmatch("[A-Z]{3}", text):
        raise ValueError(f"{_quoted(text)} is not a currency; write its three capital letters, such as LSL")
    return text


def _amount(text: str) -> int:
    amount = _whole(text)
    if amount < 1:
        raise ValueError(f"{_quoted(text)} is not an amount above 0")
    return amount


def _text(text: str) -> str:
    return text


@dataclass(frozen=True)
class Option:
    """One option. `read` turns its text into a value, or raises `ValueError` with one sentence.

    `again` says that it belongs to a line that runs one test of the run again.
    """

    name: str
    help: str
    read: Callable[[str], Any] = _text
    metavar: str = "VALUE"
    flag: bool = False
    several: bool = False
    again: bool = True

    @property
    def default(self) -> Any:
        """Return the value where the user sets none."""
        return getattr(DEFAULTS, self.attribute)

    @property
    def secret(self) -> bool:
        """Return whether the value is never shown."""
        return self.attribute in SECRET

    @property
    def ini(self) -> str:
        return f"conformance_{self.name.replace('-', '_')}"

    @property
    def variable(self) -> str:
        return f"CONFORMANCE_{self.name.replace('-', '_').upper()}"

    @property
    def attribute(self) -> str:
        return self.name.replace("-", "_")


OPTIONS: Final = (
    Option(
        "profile",
        "a YAML file with the whole configuration of one target: its address, accounts, limits, known failures",
        _file,
        "FILE",
    ),
    Option(
        "size", "how much to run: smoke (the walk), gate (every requirement), full (deep fuzzing too)", _size, "SIZE"
    ),
    Option("seed", "the seed of all made-up values; the one that is printed repeats the run", _whole, "N", again=False),
    Option(
        "strict-should", "a broken SHOULD fails the run as a broken MUST does; so does pytest's --strict", flag=True
    ),
    Option("report-dir", "where the reports go", _folder, "DIR", again=False),
    Option("time-budget", "seconds that the fuzzing of a full run may take, on the clock", _seconds, "SECONDS"),
    Option(
        "time-limit",
        "seconds after which the run ends: what is left is not tested, and the run counts as interrupted; "
        "a full run has its time budget besides, where nothing is set",
        _seconds,
        "SECONDS",
    ),
    Option("timeout", "seconds to wait for a whole response", _seconds, "SECONDS"),
    Option("connect-timeout", "seconds to wait for a connection", _seconds, "SECONDS"),
    Option("wait-for-target", "seconds to wait for a target that is still coming up", _waiting, "SECONDS"),
    Option("rate-limit", "the most requests that may be sent, such as 10/s or 100/m", _rate, "RATE"),
    Option(
        "concurrency",
        "how many tests (on Linux), or independent requests of a test, run side by side; one where a rate is limited, "
        "in a full run one for each processor, otherwise what the response times ask for",
        _concurrency,
        "N",
    ),
    Option("longest-wait", "seconds in all that may be spent waiting on 429 (Too Many Requests)", _waiting, "SECONDS"),
    Option(
        "header",
        "a header for every request, such as a gateway's key; may be repeated",
        _header,
        "'NAME: VALUE'",
        several=True,
    ),
    Option("proxy", "the proxy to go through", _proxy, "URL"),
    Option("ca-bundle", "a PEM file of certificate authorities to trust", _authorities, "FILE"),
    Option("client-cert", "a PEM file with the client's certificate and key", _certificate, "FILE"),
    Option("insecure", "accept any TLS certificate", flag=True),
    Option("http2", "speak HTTP/2 where the target does", flag=True),
    Option(
        "merchant-email",
        "the e-mail of a merchant's account that exists already, for targets where sign-up is closed",
        _email,
        "EMAIL",
    ),
    Option(
        "merchant-password",
        "that account's password (better in the environment than on the command line)",
        metavar="PASSWORD",
    ),
    Option("merchant-password-file", "a file with that password in its first line", _secret_in_file, "FILE"),
    Option(
        "second-merchant-email",
        "the e-mail of a second account, for the checks that keep tenants apart",
        _email,
        "EMAIL",
    ),
    Option("second-merchant-password", "the second account's password", metavar="PASSWORD"),
    Option(
        "second-merchant-password-file",
        "a file with the second account's password in its first line",
        _secret_in_file,
        "FILE",
    ),
    Option("email-domain", "the domain of made-up e-mail addresses", _domain, "DOMAIN"),
    Option("phone-prefix", "the start of made-up phone numbers; seven digits follow", _phone_prefix, "PREFIX"),
    Option("currency", "the currency of made-up checkout sessions", _currency, "CODE"),
    Option("amount", "the amount of made-up checkout sessions, in the smallest unit of the currency", _amount, "N"),
    Option(
        "product-id", "a product that the target knows, for the line items of made-up checkout sessions", metavar="ID"
    ),
    Option("allow-load", "a host other than loopback that a full run may be sent to", _host, "HOST"),
    Option(
        "allow-incomplete",
        "exit with 0 though an operation could not be tested at all, such as behind a captcha (otherwise 8)",
        flag=True,
    ),
    Option(
        "known-failures",
        "a YAML file of requirements that the target is known to break, with reason, owner and expiry date",
        _file,
        "FILE",
        again=False,
    ),
    Option(
        "write-known-failures",
        "write such a file from what this run finds broken; each entry has its reason still to be given",
        _new_file,
        "FILE",
        again=False,
    ),
    Option(
        "compare",
        "the conformance.json of an earlier run: tell what is newly broken, repaired or untested, or slower",
        _report,
        "FILE",
        again=False,
    ),
    Option("audit", "tell which passive checks could have failed on what this run recorded", flag=True),
    Option(
        "sandbox-fault",
        "seed a fault into the bundled sandbox (merchant-conformance sandbox --list-faults)",
        _text,
        "ID",
        several=True,
    ),
    Option(
        "sandbox-variant",
        "run the bundled sandbox as a lawful variant (merchant-conformance sandbox --list-variants)",
        _text,
        "ID",
        several=True,
    ),
)


def add_options(parser: pytest.Parser) -> None:
    """Add every option to pytest, on the command line and as an ini key."""
    group = parser.getgroup(
        "conformance", "conformance of a target (each also an ini key and a CONFORMANCE_… variable)"
    )
    for option in OPTIONS:
        words = f"{option.help} [{option.variable}]"
        if option.default not in (None, (), False):
            words += f" (default: {option.default})"
        if option.flag:
            group.addoption(f"--{option.name}", action="store_true", default=None, help=words)
        else:
            action = "append" if option.several else "store"
            group.addoption(
                f"--{option.name}", action=action, default=None, metavar=option.metavar, help=words.replace("%", "%%")
            )
        kind = "bool" if option.flag else "linelist" if option.several else "string"
        parser.addini(option.ini, option.help, type=kind, default=None)  # type: ignore[arg-type]


QUESTIONS: Final = {
    "list-requirements": (
        "WORDS",
        "list the requirements that have all WORDS in them, such as 'MUST checkout', and end",
    ),
    "explain": ("ID", "tell of a requirement what it says, who says so, what decides and what proves it, and end"),
}
"""The options that ask about the catalogue and end: they are no settings of a run."""


def add_questions(parser: pytest.Parser) -> None:
    """Add the questions to pytest; all requirements are listed where no words are given."""
    group = parser.getgroup("conformance")
    for name, (metavar, words) in QUESTIONS.items():
        optional = {"nargs": "?", "const": ""} if name == "list-requirements" else {}
        group.addoption(f"--{name}", default=None, metavar=metavar, help=words, **optional)


def read_settings(config: pytest.Config) -> Settings:
    """Return the effective settings of a session. Raises `pytest.UsageError` for a wrong value."""
    profile = read_profile(config)
    values: dict[str, Any] = {"reads": profile.reads, "deviations": profile.deviations}
    origin: dict[str, Origin] = {}
    if words := unknown_variable(os.environ, [option.variable for option in OPTIONS], profile.variables):
        raise pytest.UsageError(words)
    for option in OPTIONS:
        found, where = _found(config, option, profile)
        try:
            values[option.attribute] = _value(option, found) if where is not None else option.default
        except ValueError as error:
            raise pytest.UsageError(f"{where}: {error}") from None
        if where is not None:
            origin[option.attribute] = where
    if values["http2"] and not importlib.util.find_spec("h2"):
        raise pytest.UsageError(f"{origin['http2']}: HTTP/2 needs a library; `pip install h2` adds it")
    if values["size"] is Size.FULL and "time_limit" not in origin:
        values["time_limit"] += values["time_budget"]
    values["strict"] = values["strict_should"] or bool(config.getini("strict"))
    if "seed" not in origin:
        values["seed"] = random.SystemRandom().randrange(2**32)
    for who in ("merchant", "second_merchant"):
        _complete_account(values, origin, who)
    emails = [str(values[name] or "").casefold() for name in ("merchant_email", "second_merchant_email")]
    if emails[0] and emails[0] == emails[1]:
        raise pytest.UsageError("--second-merchant-email names the first account again: the checks need two")
    return Settings(**values, origin=origin)


def _complete_account(values: dict[str, Any], origin: dict[str, Origin], who: str) -> None:
    """Complete an account by its password, which may stand in a file; what is set nearer to the command line counts."""
    name, password, file = who.replace("_", "-"), f"{who}_password", f"{who}_password_file"
    if file in origin and (password not in origin or origin[file].place < origin[password].place):
        values[password], origin[password] = values[file], origin[file]
    if bool(values[f"{who}_email"]) != bool(values[password]):
        raise pytest.UsageError(
            f"--{name}-email and --{name}-password (or --{name}-password-file) belong together: give both or neither"
        )


def read_profile(config: pytest.Config | EarlyOptions) -> Profile:
    """Return the profile that the user names, or an empty one. Raises `pytest.UsageError` for a mistake in it."""
    option = next(option for option in OPTIONS if option.name == "profile")
    file, where = _found(config, option, NO_PROFILE)
    if where is None:
        return NO_PROFILE
    try:
        return load_profile(Path(_file(file)), os.environ)
    except ProfileError as error:
        raise pytest.UsageError(str(error)) from None
    except ValueError as error:
        raise pytest.UsageError(f"{where}: {error}") from None


def _found(config: pytest.Config | EarlyOptions, option: Option, profile: Profile) -> tuple[Any, Origin | None]:
    given = config.getoption(option.attribute, None)
    if given is not None:
        return given, Origin(Place.COMMAND_LINE, f"--{option.name}")
    if option.attribute in profile.options:
        value, place = profile.options[option.attribute]
        return value, Origin(Place.PROFILE, place)
    try:
        ini = config.getini(option.ini)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"ini key {option.ini}: {error}") from None
    if ini not in (None, "", []):
        return ini, Origin(Place.INI_FILE, f"ini key {option.ini}")
    if os.environ.get(option.variable):
        return os.environ[option.variable], Origin(Place.ENVIRONMENT, f"environment variable {option.variable}")
    return None, None


def _value(option: Option, found: Any) -> Any:
    if option.flag:
        if isinstance(found, bool):
            return found
        if found.strip().lower() not in _TRUE | _FALSE:
            raise ValueError(f"{found!r} is neither true nor false")
        return found.strip().lower() in _TRUE
    if option.several:
        items = found if isinstance(found, list) else found.splitlines()
        return tuple(option.read(item.strip()) for item in items if item.strip())
    return option.read(str(found))
