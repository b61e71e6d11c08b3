"""The steps of the features: each sentence becomes calls on the wire and checks on the answers."""

import pytest

pytest_plugins = (
    "steps.check",
    "steps.fixtures",
    "steps.accounts",
    "steps.organizations",
    "steps.customers",
    "steps.checkout",
    "steps.outcomes",
    "steps.access",
    "steps.lookalikes",
    "steps.passwords",
    "steps.protocol",
    "steps.together",
    "steps.keepsakes",
    "steps.scope",
    "steps.claims",
    "steps.reads",
    "steps.unusual_values",
)

pytest.register_assert_rewrite(*pytest_plugins)
