"""`merchant-conformance`: pytest with the suite's tests and configuration, in whatever folder it is called.

It takes pytest's options and the suite's own, and writes the reports where it is called. Its first word can be
`init`, to write a profile by looking at a target, `sandbox`, to start the bundled target, or `schema`, to print a JSON
Schema for editors.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

PROGRAM: Final = "merchant-conformance"
HERE: Final = Path(__file__).resolve().parent
SUITE: Final = HERE if (HERE / "conformance").is_dir() else HERE.parent
"""The folder of the suite: this package where it is installed, the checkout otherwise."""
TESTS: Final = "tests/conformance"
EVERYTHING: Final = str(SUITE / TESTS)
INTERRUPTED: Final = 2
USAGE_ERROR: Final = 4


def main() -> int:
    """Carry out a command line; return its exit status."""
    sys.path.insert(0, str(SUITE))
    words = sys.argv[1:]
    match words:
        case ["sandbox", *rest]:
            from sandbox.__main__ import main as start_sandbox  # noqa: PLC0415

            return start_sandbox(rest, f"{PROGRAM} sandbox")
        case ["init", *rest]:
            from merchant_conformance.initial import initial  # noqa: PLC0415

            return initial(rest, _run)
        case ["schema", *names]:
            return _print_schema(names)
        case ["--version" | "-V", *_]:
            return _print_version()
    status = _run(words)
    if "conformance" in sys.modules:  # else nothing of the suite was needed
        from conformance.plugin.leaving import leave_at_once  # noqa: PLC0415

        leave_at_once(status)
    return status


def _run(words: Sequence[str]) -> int:
    import pytest  # noqa: PLC0415

    try:
        status = int(pytest.main(pytest_words(words, Path.cwd()), plugins=[_Command()]))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # as pytest's own command has it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


class _Command:
    """What pytest does otherwise for this command."""

    def pytest_addoption(self, parser: Any) -> None:
        """Let usage and mistakes name this command."""
        parser.prog = PROGRAM

    def pytest_cmdline_main(self, config: Any) -> None:
        """Run what the user names alone, as pytest does; the suite's tests are meant where nothing is named."""
        config.args = [word for word in config.args if word != EVERYTHING] or config.args


def pytest_words(words: Sequence[str], folder: Path) -> list[str]:
    """Return the words for pytest: the suite's configuration, where it is called, and what the user gave.

    A test is named as the reports name it, from the folder of the suite; without one, all are meant.
    """
    given = [str(SUITE / word) if _names_test(word) else word for word in words]
    everything = [] if any(map(_names_test, words)) else [EVERYTHING]
    cache = [] if "no:cacheprovider" in words else ["-o", f"cache_dir={folder / '.pytest_cache'}"]
    return [
        *("-c", str(SUITE / "pyproject.toml")),
        *("-o", f"conformance_home={folder}"),
        *cache,
        *everything,  # before what the user gave, whose last option may do without a value
        *given,
    ]


def _names_test(word: str) -> bool:
    path = word.partition("::")[0].replace("\\", "/").rstrip("/")
    return path == TESTS or path.startswith(f"{TESTS}/")


def _print_version() -> int:
    from importlib.metadata import version  # noqa: PLC0415

    from conformance import __version__  # noqa: PLC0415

    print(f"{PROGRAM} {__version__} (pytest {version('pytest')}, Python {sys.version.split()[0]})")
    return 0


def _print_schema(names: Sequence[str]) -> int:
    known = {file.name.removesuffix(".schema.json"): file for file in (SUITE / "conformance/schemas").glob("*.json")}
    known["report"] = SUITE / "reports" / "conformance.schema.json"
    if len(names) != 1 or names[0] not in known:
        print(f"usage: {PROGRAM} schema {{{','.join(sorted(known))}}}", file=sys.stderr)
        return USAGE_ERROR
    print(known[names[0]].read_text(encoding="utf-8"), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
