"""A profile is the whole configuration of a target; mistakes in it are one sentence with file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conformance.contract.document import load_contract
from conformance.contract.yamlfile import read_yaml
from conformance.plugin.options import OPTIONS, read_settings
from conformance.profile import ProfileError, apply_deviations, load_profile
from conformance.settings import Deviation, Place
from merchant_conformance.initial import initial, profile_text, variable
from tests.suite.invocation import ROOT, Given, invoke
from tests.suite.recording import recording_target

SCHEMAS = ROOT / "conformance" / "schemas"
WHOLE = """
base_url: {env: STAGING_URL}
headers:
  X-Gateway-Key: {env: GATEWAY_KEY}
  X-Team: onboarding
merchants:
  - email: owner@example.com
    password: {env: OWNER_PASSWORD}
  - email: {env: OTHER_EMAIL}
    password: {env: OTHER_PASSWORD}
connection:
  http2: false
limits:
  rate_limit: 10/s
  timeout: 2.5
values:
  currency: USD
  phone_prefix: "+4479"
  amount: 700
run:
  size: smoke
  strict_should: true
reads:
  customer: true
  customers: false
known_failures: known.yaml
deviations:
  - operation: createCustomer
    status: 404
    like: 415
    reason: the gateway answers
pytest: [-x, -n, "2"]
"""
ENVIRONMENT = {
    "STAGING_URL": "https://staging.example.com/api",
    "GATEWAY_KEY": "abc",
    "OWNER_PASSWORD": "of the owner",
    "OTHER_EMAIL": "other@example.com",
    "OTHER_PASSWORD": "of the other",
}
MISTAKES = {
    "no mapping": ("- base_url\n", "line 1: the file is no mapping"),
    "nothing": ("", "the file is empty; `merchant-conformance init` writes"),
    "an unknown key": (
        "base_url: http://a\nmerchant: {}\n",
        "line 2: unknown key `merchant`; did you mean `merchants`?",
    ),
    "an unknown key in a section": (
        "limits:\n  time_out: 5\n",
        "unknown key `time_out` in `limits`; did you mean `timeout`?",
    ),
    "a variable that is not set": ("base_url: {env: NOWHERE}\n", "line 1: the environment variable NOWHERE is not set"),
    "a password as it is": (
        "merchants:\n  - email: a@example.com\n    password: Correct horse\n",
        "line 3: `password` is no mapping",
    ),
    "an account without password": ("merchants:\n  - email: a@example.com\n", "line 2: `password` is missing"),
    "a size": ("run:\n  size: huge\n", "line 2: unknown word `huge` for `size`; known are smoke, gate, full"),
    "a deviation to a success": (
        "deviations:\n  - {operation: createCustomer, status: 200, like: 422, reason: x}\n",
        "line 2: `status` is 200: The status that the target documents, from 400 to 499",
    ),
    "a read": ("reads:\n  customer: perhaps\n", "line 2: `customer` is no boolean"),
    "no YAML": ("base_url: {", "this is no valid YAML"),
}


def written(folder: Path, text: str) -> Path:
    file = folder / "target.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_sentence_with_its_line(name: str, tmp_path: Path) -> None:
    text, words = MISTAKES[name]
    with pytest.raises(ProfileError) as caught:
        load_profile(written(tmp_path, text), {})
    assert str(caught.value).startswith("target.yaml")
    assert words in str(caught.value)


def test_the_schema_is_one_and_names_every_option() -> None:
    """What an option can say has a place in a profile, but for the bundled sandbox and what belongs to one run."""
    schema = json.loads((SCHEMAS / "profile.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    known = json.loads((SCHEMAS / "known-failures.schema.json").read_text(encoding="utf-8"))
    assert schema["$defs"]["failure"] == known["$defs"]["failure"]
    sections = ("connection", "limits", "values", "run")
    said = {name for section in sections for name in schema["properties"][section]["properties"]}
    elsewhere = {"profile", "header", "known_failures", "write_known_failures", "sandbox_fault", "sandbox_variant"}
    accounts = {option.attribute for option in OPTIONS if "merchant_" in option.attribute}
    assert said | elsewhere | accounts == {option.attribute for option in OPTIONS}


def test_what_a_profile_says_is_what_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "known.yaml").touch()
    file = written(tmp_path, WHOLE)
    assert Draft202012Validator(json.loads((SCHEMAS / "profile.schema.json").read_text())).is_valid(
        read_yaml(file).data
    )
    settings = read_settings(Given({"profile": str(file), "currency": "EUR"}, {"conformance_timeout": "9"}))  # type: ignore[arg-type]
    assert settings.header == ("X-Gateway-Key: abc", "X-Team: onboarding")
    assert (settings.merchant_email, settings.merchant_password) == ("owner@example.com", "of the owner")
    assert (settings.second_merchant_email, settings.second_merchant_password) == ("other@example.com", "of the other")
    assert (settings.rate_limit, settings.timeout, settings.size) == ("10/s", 2.5, "smoke")
    assert (settings.phone_prefix, settings.amount, settings.strict, settings.http2) == ("+4479", 700, True, False)
    assert settings.currency == "EUR", "the command line goes before the profile"
    assert settings.known_failures == str(tmp_path / "known.yaml")
    assert settings.reads == {"customer": True, "customers": False}
    assert [item[:4] for item in settings.deviations] == [("createCustomer", 404, 415, "the gateway answers")]
    assert settings.origin["timeout"].place is Place.PROFILE
    assert str(settings.origin["timeout"]).startswith("target.yaml, line ")
    profile = load_profile(file, ENVIRONMENT)
    assert (profile.base_url, profile.pytest) == ("https://staging.example.com/api", ("-x", "-n", "2"))


def test_a_wrong_value_is_told_with_its_line(tmp_path: Path) -> None:
    file = written(tmp_path, "limits:\n  timeout: soon\n")
    with pytest.raises(pytest.UsageError, match=r"target\.yaml, line 2: 'soon' is not a number of seconds"):
        read_settings(Given({"profile": str(file)}, {}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("operation", "like", "words"),
    [
        ("createCustomers", 422, "there is no operation createCustomers; did you mean `createCustomer`?"),
        ("createCustomer", 418, "createCustomer does not document 418, in whose place 499 would stand; it documents 4"),
    ],
)
def test_a_deviation_that_does_not_fit_the_contract(operation: str, like: int, words: str) -> None:
    contract = load_contract(ROOT / "openapi" / "onboarding.yaml")
    with pytest.raises(ProfileError) as caught:
        apply_deviations(contract, (Deviation(operation, 499, like, "x", place="target.yaml, line 2"),))
    assert str(caught.value).startswith(f"target.yaml, line 2: {words}")


def test_a_deviation_is_documented_as_what_it_stands_for() -> None:
    contract = load_contract(ROOT / "openapi" / "onboarding.yaml")
    bodies = contract.operations["createCustomer"].bodies
    assert 499 not in bodies
    apply_deviations(contract, (Deviation("createCustomer", 499, 422, "x"),))
    assert bodies[499] is bodies[422]


def test_a_run_by_a_profile_alone(tmp_path: Path) -> None:
    """Address, key, a read that is not asked for, known failures and further words: all are the profile's."""
    with recording_target() as target:
        text = f"""
base_url: {target.url}
headers: {{X-Gateway-Key: {{env: GATEWAY_KEY}}}}
reads: {{customer: false}}
known_failures:
  CUSTOMER-BODY-3: {{reason: the gateway answers, owner: a, expires: 2019-12-31}}
pytest: [-k, "CUSTOMER-BODY-3 or customer_is_read"]
"""
        words = ["--profile", str(written(tmp_path, text))]
        done = invoke(tmp_path / "reports", *words, environment={"GATEWAY_KEY": "Op3nSesame"})
        assert {seen.sent_headers["x-gateway-key"] for seen in target.seen} == {"Op3nSesame"}
    assert done.status == 9, done.output
    assert "known failure CUSTOMER-BODY-3 expired on 2019-12-31" in done.output
    reasons = {row["id"]: row["reason"] for row in done.report["requirements"]}
    assert done.report["target"] == target.url
    assert "deselected" in done.output
    assert "Op3nSesame" not in done.output + json.dumps(done.report)
    assert reasons["SIGNUP-VALID-1"] == "deselected"


def test_a_declared_deviation_is_no_breach_and_stays_visible(tmp_path: Path) -> None:
    """The fault answers with 404 where 415 would be right; declared, it counts as that, and is named."""
    deviation = "deviations:\n  - {operation: createCustomer, status: 404, like: 415, reason: the gateway answers}\n"
    words = ["--sandbox-fault", "customer-empty-body-404", "-k", "test_refused and CUSTOMER-BODY-3"]
    done = invoke(tmp_path, "--profile", str(written(tmp_path, deviation)), *words, "--seed", "866297690")
    assert done.status == 0, done.output
    assert "deviates createCustomer refuses with 404 in place of 415, seen " in done.output
    assert [row["status"] for row in done.report["deviations"]] == [404]
    assert done.report["deviations"][0]["seen"] > 0
    assert 'id="deviations"' in (tmp_path / "conformance.html").read_text(encoding="utf-8")


def look(**more: Any) -> dict[str, Any]:
    """What a look at a target has found."""
    rows = {
        "CUSTOMER-READ-20": ("passed", ""),
        "CUSTOMER-LIST-20": ("not tested", "capability absent"),
        "CHECKOUT-READ-20": ("not tested", "rate limited"),
    }
    requirements = [
        {"id": name, "verdict": verdict, "why": why, "reason": why, "operation": "createCustomer"}
        for name, (verdict, why) in rows.items()
    ]
    return {"requirements": requirements, "configuration": {}, "operations": [{"statuses": {"200": 3}}], **more}


def test_init_writes_a_profile_that_can_be_read(tmp_path: Path) -> None:
    closed = {"id": "SIGNUP-STATUS-1", "verdict": "not tested", "why": "withheld by the target", "reason": "captcha"}
    found = look(operations=[{"statuses": {"429": 2}}])
    found["requirements"].append({**closed, "operation": "signUpEmail"})
    text = profile_text(found, "https://staging.example.com", ["X-Api-Key: secret"])
    assert "secret" not in text
    names = ("X_API_KEY", "MERCHANT_EMAIL", "MERCHANT_PASSWORD", "SECOND_MERCHANT_EMAIL", "SECOND_MERCHANT_PASSWORD")
    profile = load_profile(written(tmp_path, text), dict.fromkeys(names, "given"))
    assert profile.base_url == "https://staging.example.com"
    assert profile.options["header"][0] == ["X-Api-Key: given"]
    assert profile.options["second_merchant_password"][0] == "given"
    assert profile.reads == {"customer": True, "customers": False}
    assert "limits" in text
    assert load_profile(written(tmp_path, profile_text(look(), "http://a", [])), {}).options == {}
    assert variable("X-Api-Key") == "X_API_KEY"


def test_init_looks_at_a_target_and_writes_nothing_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(words: Any) -> int:
        assert words[words.index("--base-url") + 1] == "http://a"
        folder = Path(words[words.index("--report-dir") + 1])
        (folder / "conformance.json").write_text(json.dumps(look()), encoding="utf-8")
        return status

    file, status = tmp_path / "new.yaml", 7
    given = [str(file), "--base-url", "http://a", "--report-dir", str(tmp_path)]
    assert initial(given, run) == 7
    assert not file.exists()
    status = 1
    assert initial(given, run) == 0
    assert load_profile(file, {}).base_url == "http://a"
    assert initial(given, run) == 4
    assert "exists already" in capsys.readouterr().err
    assert initial([str(tmp_path / "other.yaml")], run) == 4
    assert "init looks at a target" in capsys.readouterr().err
