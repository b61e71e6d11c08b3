"""Made-up values: like those of no other request of any run, and marked as test data."""

from __future__ import annotations

import zlib
from typing import Any, Final

from conformance.run import Run

PASSWORD: Final = "Pw7!"
NAME: Final = "Thabo Mokoena"
ACCENTED: Final = "Zoë Müller"
SHOP: Final = "Basotho Blankets"
KEYS: Final = ("note", "order", "invoice", "basket", "table", "shelf", "counter", "receipt", "shop", "ticket", "desk")


USERS_SHARE_A_NAME: Final = "users share a name"
OWN_ORGANIZATIONS_SHARE_A_NAME: Final = "organizations of one owner share a name"
"""What the run finds out: whether the target has taken a second one of a name."""


def user_name(run: Run) -> str:
    """Return the name that users of a run have in common, where the target takes that, else one of the user's own."""
    return NAME if run.shared.told(USERS_SHARE_A_NAME) else f"{NAME} {run.unique()}"


def shop_name(run: Run) -> str:
    """Return the name that organizations of a run have in common, where the target takes that, else one of its own."""
    return SHOP if run.shared.told(OWN_ORGANIZATIONS_SHARE_A_NAME) else f"{SHOP} {run.unique()}"


def email(run: Run) -> str:
    """Return an e-mail address that nobody has used, in the domain of the settings."""
    return f"conformance.{run.unique()}@{run.settings.email_domain}"


def password(run: Run) -> str:
    """Return a password of some 16 characters that nobody has used: letters of both cases, digits and a sign."""
    return f"{PASSWORD}{run.unique()}"


def common_password(run: Run) -> str:
    """Return a password of 16 characters that several users of a run have, as they may: nobody knows of the others."""
    return f"{PASSWORD}{run.id}same"


def long_password(run: Run) -> str:
    """Return a password of 110 characters, long enough to be told apart after its first 72 or 100."""
    return f"{PASSWORD}{run.unique()}-{'Zebra!Quagga?' * 8}"[:108] + "qZ"


def phone_number(run: Run) -> str:
    """Return a phone number in E.164 that is different for each call of a run and most likely for each run."""
    prefix = run.settings.phone_prefix
    return f"{prefix}{zlib.crc32(run.unique().encode()) % 10_000_000:07d}"


def metadata(run: Run) -> dict[str, Any]:
    """Return flat metadata that mark test data as such and name the run.

    One request's have another key than the next one's, so that what stays of one shows in the next.
    """
    mark = run.unique()
    return {"conformanceRun": run.id, KEYS[run.names % len(KEYS)]: f"Conformance test data {mark}"}


def unknown_id(run: Run, like: str) -> str:
    """Return an id that nothing has, of the same form as a known one: its last letters and digits are others."""
    if like.isdigit():
        return str(int(like) + 900_000_000)
    source = run.random(f"unknown {like}")
    alphabets = ("0123456789", "abcdef", "ABCDEF", "ghijklmnopqrstuvwxyz", "GHIJKLMNOPQRSTUVWXYZ")
    own = [next((alphabet for alphabet in alphabets if letter in alphabet), letter) for letter in like[-12:]]
    candidate = like[:-12] + "".join(source.choice(alphabet) for alphabet in own)
    return candidate if candidate != like else f"{like}0"
