"""``python -m sandbox``: start the sandbox, or list what can be switched on."""

from __future__ import annotations

import argparse
import json
import signal
import sqlite3
import sys
from collections.abc import Sequence
from typing import Final

from sandbox import switchboard
from sandbox.server import serve

_WIDTHS: Final = {"id": 46, "operation": 22, "kind": 15, "level": 7, "requirements": 34}


def _arguments(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(program, description="The embedded target of the conformance suite.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="the port, 0 for a free one (default: %(default)s)")
    parser.add_argument("--prefix", default="", help="the path that the API stands under, such as /api/canary")
    parser.add_argument("--fault", action="append", default=[], metavar="ID", help="switch a fault on (repeatable)")
    parser.add_argument("--variant", action="append", default=[], metavar="ID", help="switch a variant on (repeatable)")
    parser.add_argument("--database", metavar="PATH", help="keep the state in this SQLite file (default: in memory)")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when standard input ends")
    parser.add_argument("--list-faults", action="store_true", help="list the faults and end")
    parser.add_argument("--list-variants", action="store_true", help="list the variants and end")
    parser.add_argument("--json", action="store_true", help="list as JSON")
    return parser


def _print(rows: list[dict[str, object]], as_json: bool, columns: Sequence[str]) -> None:
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for row in rows:
        print("  ".join(_cell(row[column]).ljust(_WIDTHS.get(column, 0)) for column in columns))


def _cell(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def main(arguments: Sequence[str] | None = None, program: str = "python -m sandbox") -> int:
    """Exit 0 when told to stop, 1 where the address or the database cannot be had, 2 on a wrong argument."""
    given = _arguments(program).parse_args(arguments)
    if given.list_faults:
        _print(
            switchboard.listed_faults(), given.json, ("id", "operation", "kind", "level", "requirements", "description")
        )
        return 0
    if given.list_variants:
        _print(switchboard.listed_variants(), given.json, ("id", "description"))
        return 0
    try:
        serve(given.host, given.port, given.prefix, given.fault, given.variant, given.database, given.exit_with_stdin)
    except switchboard.UnknownName as wrong:
        print(f"sandbox: {wrong}", file=sys.stderr)
        return 2
    except sqlite3.Error as wrong:
        print(f"sandbox: the database {given.database} cannot be used: {wrong}.", file=sys.stderr)
        return 1
    except (OSError, OverflowError) as wrong:
        print(f"sandbox: cannot listen on {given.host}:{given.port}: {wrong}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
