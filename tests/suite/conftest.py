"""What the suite's own tests share: the catalogue and contract as they stand, and small exchanges made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.catalogue import Catalogue, load_catalogue
from conformance.contract import Contract, load_contract

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "openapi" / "requirements")


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract(ROOT / "openapi" / "onboarding.yaml")
