"""The steps of the features: each sentence becomes calls on the wire and checks on the responses."""

from pathlib import Path

import pytest

from conformance.plugin.mistakes import imported

MODULES = (
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
    "steps.ledger",
    "steps.scope",
    "steps.inactive",
    "steps.claims",
    "steps.reads",
    "steps.unusual_values",
    "steps.walk",
)

pytest.register_assert_rewrite(*MODULES)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the steps as plugins; a mistake in one of them ends the session with one sentence."""
    config.addinivalue_line("markers", "last: a test that looks at what the others have left")
    try:
        modules = imported(MODULES, Path(__file__).parents[1])
    except ImportError as error:
        raise pytest.UsageError(str(error)) from None
    for module in modules:
        config.pluginmanager.register(module, module.__name__)
