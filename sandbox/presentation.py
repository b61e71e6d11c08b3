"""How stored things look in a response (contract page: Operations)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from sandbox import policies
from sandbox.behaviour import Call
from sandbox.model import Json, JsonObject
from sandbox.store import Checkout, Customer, Organization, User


def utc_milliseconds(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user(call: Call, row: User) -> JsonObject:
    when = call.behaviour.timestamp(row.created)
    return {
        "id": row.id,
        "name": row.name,
        "email": row.email,
        "emailVerified": policies.is_verified(call, row),
        "createdAt": when,
        "updatedAt": when,
        **_given(image=row.image),
    }


def _given(**members: Json) -> JsonObject:
    """Return the members that have a value: B leaves out what nobody gave."""
    return {name: value for name, value in members.items() if value is not None}


def organization(call: Call, row: Organization) -> JsonObject:
    when = call.behaviour.timestamp
    return {
        "id": row.id,
        "name": row.name,
        "slug": row.slug,
        "createdAt": when(row.created),
        **_given(logo=row.logo, metadata=row.metadata),
    }


def members(call: Call, organization_id: str) -> list[JsonObject]:
    return [
        {
            "id": member.id,
            "organizationId": member.organization_id,
            "userId": member.user_id,
            "role": member.role,
            "createdAt": call.behaviour.timestamp(member.created),
        }
        for member in call.store.members(organization_id)
    ]


def created_organization(call: Call, row: Organization) -> JsonObject:
    """Return the organization as create shows it, with its first member."""
    return organization(call, row) | {"members": members(call, row.id)}


def activated_organization(call: Call, row: Organization) -> JsonObject:
    """Return the organization as set-active shows it: B gives its metadata as the text that is stored."""
    shown = organization(call, row)
    if row.metadata is not None:
        shown["metadata"] = json.dumps(row.metadata, ensure_ascii=False, separators=(",", ":"))
    return shown


def customer(call: Call, row: Customer) -> JsonObject:
    when = call.behaviour.timestamp(row.created)
    return {
        "id": row.id,
        "merchantId": row.merchant_id,
        "phoneNumber": row.phone,
        "email": row.email,
        "name": row.name,
        "metadata": row.metadata,
        "createdAt": when,
        "updatedAt": when,
        "deletedAt": None,
    }


def customers(call: Call, rows: Sequence[Customer], limit: int, offset: int, total: int) -> JsonObject:
    """Return a page of the list of customers."""
    pagination: JsonObject = {"limit": limit, "offset": offset, "total": total, "hasMore": offset + len(rows) < total}
    return {"data": [customer(call, row) for row in rows], "pagination": pagination}


def checkout(call: Call, row: Checkout) -> JsonObject:
    when = call.behaviour.timestamp
    attached = call.store.customer(row.customer_id) if row.customer_id else None
    return {
        "id": row.id,
        "sessionUrl": f"{call.base_url}/pay/{row.id}",
        "merchantId": row.merchant_id,
        "customerId": row.customer_id,
        "customer": customer(call, attached) if attached else None,
        "paymentIntentId": None,
        "status": row.status,
        **row.detail,
        "expiresAt": when(row.expires),
        "createdAt": when(row.created),
        "updatedAt": when(row.updated),
        "deletedAt": None,
        "hostedCheckoutConfig": None,
    }
