"""The state of the sandbox, in SQLite: users, sessions, organizations, members, customers and checkout sessions."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.model import Json, JsonObject

SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS user (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, lookup TEXT NOT NULL UNIQUE, password TEXT NOT NULL,
    image TEXT, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS session (
    token TEXT PRIMARY KEY, user_id TEXT NOT NULL, active TEXT, created REAL NOT NULL, expires REAL NOT NULL);
CREATE INDEX IF NOT EXISTS session_user ON session (user_id);
CREATE TABLE IF NOT EXISTS organization (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, slug TEXT NOT NULL, logo TEXT, metadata TEXT, created REAL NOT NULL);
CREATE INDEX IF NOT EXISTS organization_slug ON organization (slug);
CREATE TABLE IF NOT EXISTS member (
    id TEXT PRIMARY KEY, organization_id TEXT NOT NULL, user_id TEXT NOT NULL, role TEXT NOT NULL,
    created REAL NOT NULL, UNIQUE (organization_id, user_id));
CREATE TABLE IF NOT EXISTS customer (
    id TEXT PRIMARY KEY, merchant_id TEXT NOT NULL, name TEXT, email TEXT, phone TEXT, metadata TEXT NOT NULL,
    created REAL NOT NULL);
CREATE INDEX IF NOT EXISTS customer_merchant ON customer (merchant_id);
CREATE TABLE IF NOT EXISTS checkout (
    id TEXT PRIMARY KEY, merchant_id TEXT NOT NULL, customer_id TEXT, status TEXT NOT NULL, detail TEXT NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL, expires REAL NOT NULL);
"""


@dataclass(frozen=True)
class User:
    id: str
    name: str
    email: str
    lookup: str
    password: str
    image: str | None
    created: float


@dataclass(frozen=True)
class Session:
    token: str
    user_id: str
    active: str | None
    created: float
    expires: float


@dataclass(frozen=True)
class Organization:
    id: str
    name: str
    slug: str
    logo: str | None
    metadata: Json
    created: float


@dataclass(frozen=True)
class Member:
    id: str
    organization_id: str
    user_id: str
    role: str
    created: float


@dataclass(frozen=True)
class Customer:
    id: str
    merchant_id: str
    name: str | None
    email: str | None
    phone: str | None
    metadata: Json
    created: float


@dataclass(frozen=True)
class Checkout:
    id: str
    merchant_id: str
    customer_id: str | None
    status: str
    detail: JsonObject
    created: float
    updated: float
    expires: float


def _load(value: str | None) -> Json:
    return None if value is None else json.loads(value)


def _dump(value: Json) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


class Store:
    """The tables behind one running sandbox; in memory unless a file is named."""

    def __init__(self, database: str | None = None) -> None:
        self._connection = sqlite3.connect(database or ":memory:", isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(SCHEMA)
        self.execute("INSERT OR IGNORE INTO setting VALUES ('secret', ?)", (secrets.token_hex(32),))
        self.secret: bytes = self._one("SELECT value FROM setting WHERE name = 'secret'")[0].encode()

    def close(self) -> None:
        self._connection.close()

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, values).fetchall()

    def _one(self, statement: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
        return self.execute(statement, values)[0]

    def _insert(self, table: str, values: Sequence[Any]) -> None:
        self.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Keep all that is stored inside, or nothing of it where the block raises; it must not wait for anything."""
        self.execute("SAVEPOINT together")
        try:
            yield
        except BaseException:
            self.execute("ROLLBACK TO together")
            raise
        finally:
            self.execute("RELEASE together")

    def add_user(self, user: User) -> bool:
        """False where the e-mail is taken."""
        try:
            self._insert("user", (user.id, user.name, user.email, user.lookup, user.password, user.image, user.created))
        except sqlite3.IntegrityError:
            return False
        return True

    def user(self, user_id: str) -> User | None:
        rows = self.execute("SELECT * FROM user WHERE id = ?", (user_id,))
        return User(*rows[0]) if rows else None

    def user_by_lookup(self, lookup: str) -> User | None:
        rows = self.execute("SELECT * FROM user WHERE lookup = ?", (lookup,))
        return User(*rows[0]) if rows else None

    def add_session(self, session: Session) -> None:
        self._insert("session", (session.token, session.user_id, session.active, session.created, session.expires))

    def session(self, token: str) -> Session | None:
        rows = self.execute("SELECT * FROM session WHERE token = ?", (token,))
        return Session(*rows[0]) if rows else None

    def activate(self, token: str, organization_id: str | None) -> None:
        self.execute("UPDATE session SET active = ? WHERE token = ?", (organization_id, token))

    def add_organization(self, organization: Organization, owner: Member) -> None:
        self._insert(
            "organization",
            (
                organization.id,
                organization.name,
                organization.slug,
                organization.logo,
                _dump(organization.metadata),
                organization.created,
            ),
        )
        self.add_member(owner)

    def add_member(self, member: Member) -> None:
        self._insert("member", (member.id, member.organization_id, member.user_id, member.role, member.created))

    @staticmethod
    def _organization(row: tuple[Any, ...]) -> Organization:
        return Organization(row[0], row[1], row[2], row[3], _load(row[4]), row[5])

    def organization(self, organization_id: str) -> Organization | None:
        rows = self.execute("SELECT * FROM organization WHERE id = ?", (organization_id,))
        return self._organization(rows[0]) if rows else None

    def organization_by_slug(self, slug: str) -> Organization | None:
        rows = self.execute("SELECT * FROM organization WHERE slug = ? ORDER BY rowid LIMIT 1", (slug,))
        return self._organization(rows[0]) if rows else None

    def slug_taken(self, slug: str) -> bool:
        return bool(self.execute("SELECT 1 FROM organization WHERE slug = ? LIMIT 1", (slug,)))

    def members(self, organization_id: str) -> list[Member]:
        return [
            Member(*row) for row in self.execute("SELECT * FROM member WHERE organization_id = ?", (organization_id,))
        ]

    def is_member(self, organization_id: str, user_id: str) -> bool:
        query = "SELECT 1 FROM member WHERE organization_id = ? AND user_id = ?"
        return bool(self.execute(query, (organization_id, user_id)))

    def owned(self, user_id: str) -> int:
        return int(self._one("SELECT count(*) FROM member WHERE user_id = ?", (user_id,))[0])

    def add_customer(self, customer: Customer) -> None:
        self._insert(
            "customer",
            (
                customer.id,
                customer.merchant_id,
                customer.name,
                customer.email,
                customer.phone,
                _dump(customer.metadata),
                customer.created,
            ),
        )

    @staticmethod
    def _customer(row: tuple[Any, ...]) -> Customer:
        return Customer(row[0], row[1], row[2], row[3], row[4], _load(row[5]), row[6])

    def customer(self, customer_id: str) -> Customer | None:
        rows = self.execute("SELECT * FROM customer WHERE id = ?", (customer_id,))
        return self._customer(rows[0]) if rows else None

    def same_customer(self, merchant_id: str, email: str | None, phone: str | None) -> bool:
        query = "SELECT 1 FROM customer WHERE merchant_id = ? AND email IS ? AND phone IS ? LIMIT 1"
        return bool(self.execute(query, (merchant_id, email, phone)))

    def customers(self, merchant_id: str, limit: int, offset: int) -> tuple[list[Customer], int]:
        """One page of a merchant's customers, newest last, and how many there are in all."""
        query = "SELECT * FROM customer WHERE merchant_id = ? ORDER BY rowid LIMIT ? OFFSET ?"
        rows = self.execute(query, (merchant_id, limit, offset))
        total = self._one("SELECT count(*) FROM customer WHERE merchant_id = ?", (merchant_id,))[0]
        return [self._customer(row) for row in rows], int(total)

    def add_checkout(self, checkout: Checkout) -> None:
        self._insert(
            "checkout",
            (
                checkout.id,
                checkout.merchant_id,
                checkout.customer_id,
                checkout.status,
                _dump(checkout.detail),
                checkout.created,
                checkout.updated,
                checkout.expires,
            ),
        )

    def checkout(self, checkout_id: str) -> Checkout | None:
        rows = self.execute("SELECT * FROM checkout WHERE id = ?", (checkout_id,))
        if not rows:
            return None
        row = rows[0]
        return Checkout(row[0], row[1], row[2], row[3], _load(row[4]), row[5], row[6], row[7])

    def settle(self, checkout_id: str, status: str, when: float) -> None:
        self.execute("UPDATE checkout SET status = ?, updated = ? WHERE id = ?", (status, when, checkout_id))
