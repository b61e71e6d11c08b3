"""Mistakes in the catalogue and the OpenAPI document: each is told when they are loaded, in one sentence with its line.

That the files as they stand have none is what every other test shows; here one thing is changed in a copy of them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.checks.rules import KINDS, Rules
from conformance.contract.agreement import mistakes_of
from conformance.contract.catalogue import CONCERNS, LEVELS, Catalogue, CatalogueError, load_catalogue
from conformance.contract.document import Contract, ContractError, load_contract
from conformance.contract.form import Form
from conformance.contract.paths import Shape
from conformance.contract.words import remedy
from conformance.generate.tables import BODIES
from conformance.values import COMPARISONS

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "openapi" / "requirements.schema.json"
HEADER = "# yaml-language-server: $schema=../requirements.schema.json"
ROW = """
operation: pay
requirements:
  - id: PAY-ECHO-1
    level: MUST
    concern: echo
    statement: The amount comes back.
    source: [contract#error-shape]
"""
ECHO = "    rule: {echo: {request: amount, response: [amount], compare: exact}}\n"
SHARED = """
requirements:
  - id: "{short}-STATUS-3"
    applies_to: all
    level: MUST
    concern: status
    statement: No 5xx.
    source: ["contract#{section}-request"]
    rule: {no-server-error: {}}
"""

# name: (the file, the line that is told, words that are told)
BROKEN_FORMS: dict[str, tuple[str, int, str]] = {
    "not YAML": ("operation: [", 2, "no valid YAML"),
    "an empty file": ("", 1, "the file is no mapping"),
    "a list": ("- a", 1, "the file is no mapping"),
    "neither operation nor several": (ROW.replace("operation: pay", ""), 4, "`applies_to` is missing"),
    "a mistyped operation key": (ROW.replace("operation", "opration"), 2, "`opration`; did you mean `operation`?"),
    "no list": ("operation: pay\nrequirements: {}", 2, "`requirements` is no list"),
    "no requirements": ("operation: pay", 1, "`requirements` is missing"),
    "a key that stands twice": (ROW + "    level: SHOULD\n", 9, "the key `level` stands twice"),
    "a key that is no text": (ROW + "    refuses: {null: [amount]}\n", 9, "the key null is no text"),
    "a date": (
        ROW + "    refuses: {statuses: [400], values: {a: [2026-01-01]}}\n",
        9,
        "a timestamp; write it in quotes",
    ),
    "no statement": (ROW.replace("The amount comes back.", "''"), 7, '(PAY-ECHO-1): `statement` is ""'),
    "a statement left out": (ROW.replace("statement:", "sentence:"), 7, "unknown key `sentence`; known are"),
    "a number for a statement": (ROW.replace("The amount comes back.", "5"), 7, "`statement` is no text"),
    "no source": (ROW.replace("[contract#error-shape]", "[]"), 8, "`source` is empty"),
    "a source that is a text": (ROW.replace("[contract#error-shape]", "contract#x"), 8, "`source` is no list"),
    "a source without a place": (ROW.replace("#error-shape", ""), 8, "A reference: a key, `#`, and a place"),
    "a source twice": (ROW.replace("[c", "[contract#error-shape, c"), 8, "`source` has a value twice"),
    "an unknown source": (ROW.replace("contract#", "contrat#"), 8, "did you mean `contract`?"),
    "a level of its own": (ROW.replace("MUST", "MUTS"), 5, "unknown word `MUTS` for `level`; did you mean `MUST`?"),
    "an unknown concern": (ROW.replace("concern: echo", "concern: ecko"), 6, "did you mean `echo`?"),
    "a malformed id": (ROW.replace("PAY-ECHO-1", "pay echo"), 4, '`id` is "pay echo": An id of capitals'),
    "an id of several operations": (ROW.replace("PAY-ECHO-1", "'{short}-ECHO-1'"), 4, "which has no `{short}`"),
    "applies_to beside an operation": (
        ROW + "    applies_to: all\n",
        9,
        "stands in a file for several operations alone",
    ),
    "an unknown key": (ROW + "    satement: red\n", 9, "unknown key `satement`; did you mean `statement`?"),
    "the same id twice": (
        ROW + ROW.split("requirements:\n")[1],
        9,
        "PAY-ECHO-1 stands twice (first in pay.yaml, line 4)",
    ),
    "an unknown danger": (ROW + "    endangers: money!\n", 9, "unknown word `money!` for `endangers`"),
    "a cause that nobody has": (
        ROW + "    follows: [PAY-ECHO-2]\n",
        9,
        "(PAY-ECHO-1): no requirement has the id `PAY-ECHO-2`, or one that begins so",
    ),
    "no kind of rule": (ROW + "    rule: {}\n", 9, "`rule` names exactly one kind of check"),
    "two kinds of rule": (
        ROW + "    rule: {answered: {}, media-type: {}}\n",
        9,
        "`rule` names exactly one kind of check",
    ),
    "an unknown kind of rule": (
        ROW + ECHO.replace("{echo", "{eco"),
        9,
        "unknown kind of rule `eco`; did you mean `echo`?",
    ),
    "a rule that is a text": (ROW + "    rule: echo\n", 9, "`rule` is no mapping"),
    "a rule without parameters": (ROW + "    rule: {echo: {}}\n", 9, "`request` is missing in `echo`"),
    "an unknown parameter": (
        ROW + ECHO.replace("request", "requets"),
        9,
        "`requets` in `echo`; did you mean `request`?",
    ),
    "a parameter where none is": (ROW + "    rule: {no-hash: {fields: [a]}}\n", 9, "unknown key `fields` in `no-hash`"),
    "an unknown comparison": (
        ROW + ECHO.replace(": exact", ": exakt"),
        9,
        "unknown word `exakt` for `compare`; did you mean",
    ),
    "a tolerance of another rule": (
        ROW + "    rule: {recall: {fact: a, by: b, response: [c], tolerates: always-absent}}\n",
        9,
        "unknown word `always-absent` for `tolerates`; did you mean `absent`?",
    ),
    "one place in place of a list": (ROW + ECHO.replace("[amount]", "amount"), 9, "`response` is no list"),
    "a place twice": (ROW + "    rule: {schema: [a, a]}\n", 9, "`schema` has a value twice"),
    "a status that is none": (ROW + "    rule: {accepts: {statuses: [20]}}\n", 9, "`statuses` is 20: An HTTP status"),
    "a status that is a text": (ROW + "    rule: {accepts: {statuses: ['200']}}\n", 9, "`statuses` is no whole number"),
    "a withheld operation without a reason": (
        ROW + "    rule: {accepts: {statuses: [200], tolerates: [{statuses: [403], says: x}]}}\n",
        9,
        "`reason` is missing",
    ),
    "no time": (ROW + "    rule: {in-time: {seconds: 0, times: 2}}\n", 9, "`seconds` is 0: What is always in time"),
    "no statuses": (ROW + "    refuses:\n      missing: [amount]\n", 9, "`statuses` is missing in `refuses`"),
    "mistyped statuses": (
        ROW + "    refuses:\n      missing: [amount]\n      statutes: [400]\n",
        11,
        "unknown key `statutes` in `refuses`; did you mean `statuses`?",
    ),
    "no table": (ROW + "    refuses: {statuses: [400]}\n", 9, "`refuses` has none of missing, nulled, emptied, types"),
    "an unknown table": (
        ROW + "    survives: {txt: [a]}\n",
        9,
        "unknown key `txt` in `survives`; did you mean `text`?",
    ),
    "an empty table": (ROW + "    survives: {text: []}\n", 9, "`text` is empty"),
    "no values": (ROW + "    refuses: {statuses: [400], values: {amount: []}}\n", 9, "`amount` is empty"),
    "an unknown body": (ROW + "    survives: {bodies: [truncatd]}\n", 9, "did you mean `truncated`?"),
    "a media type that is none": (ROW + "    refuses: {statuses: [400], media: [text]}\n", 9, '`media` is "text"'),
    "a fact without a value": (ROW + "remember: [{fact: id, key: [request.email]}]\n", 9, "`value` is missing"),
    "a place on neither side": (
        ROW + "creates: [{kind: user, name: [email]}]\n",
        9,
        '`name` is "email": Where a value stands: `request.` or `response.` and a path',
    ),
    "a mistyped fact": (
        ROW + "remember: [{fact: id, kee: [request.a], value: [request.a]}]\n",
        9,
        "did you mean `key`?",
    ),
    "names beside no operation": ("short: PAY" + SHARED, 1, "stand beside an `operation` alone"),
    "a shared id without its gap": (SHARED.replace("{short}-", "PAY-"), 3, "which begins with `{short}`"),
    "a short name of another kind": (f"short: Pay\n{ROW}", 1, '`short` is "Pay": The operation\'s short name'),
}

# name: (file, old text, new text, words that are told; those before the first blank say the place)
DISAGREEMENTS: dict[str, tuple[str, str, str, str]] = {
    "an operation": (
        "5-customer.yaml",
        "operation: createCustomer",
        "operation: createCustomers",
        "0-every-operation.yaml, line {line:createCustomer, createCheckoutSession]} ({{short}}-AUTH-1): no file gives "
        "the operation `createCustomer` a `short` name; did you mean `createCustomers`?",
    ),
    "a shared row's operation": (
        "0-every-operation.yaml",
        "[createOrganization, ",
        "[createOrganisation, ",
        "0-every-operation.yaml, line {line:createOrganisation} ({{short}}-AUTH-1): no file gives the operation "
        "`createOrganisation` a `short` name; did you mean `createOrganization`?",
    ),
    "a schema's place": (
        "5-customer.yaml",
        "{schema: [id]}",
        "{schema: [idd]}",
        "5-customer.yaml, line {line:[idd]} (CUSTOMER-SCHEMA-2): the response of createCustomer has no field `idd`; "
        "did you mean `id`?",
    ),
    "a schema's place below another": (
        "1-sign-up.yaml",
        "[user.emailVerified]",
        "[user.emailVerifed]",
        "(SIGNUP-SCHEMA-4): the response of signUpEmail has no field `user.emailVerifed`; did you mean "
        "`user.emailVerified`?",
    ),
    "a place of two rows": (
        "5-customer.yaml",
        "{schema: [merchantId]}",
        "{schema: [id]}",
        "(CUSTOMER-SCHEMA-3): the place `id` belongs to CUSTOMER-SCHEMA-2 already",
    ),
    "no owner of the whole": (
        "5-customer.yaml",
        '{schema: [""]}',
        "{schema: [merchantId]}",
        "(CUSTOMER-SCHEMA-3): the place `merchantId` belongs to CUSTOMER-SCHEMA-1 already",
    ),
    "no owner of the whole body": (
        "5-customer.yaml",
        'rule: {schema: [""]}',
        "rule: {media-type: {}}",
        '5-customer.yaml: no row has `rule: {{schema: [""]}}` for createCustomer: breaches of its schema would be lost',
    ),
    "an echo's response": (
        "3-organization.yaml",
        "response: [slug, organization.slug]}}",
        "response: [slug, organization.slag]}}",
        "(ORG-ECHO-2): the response of createOrganization has no field `organization.slag`; did you mean "
        "`organization.slug`?",
    ),
    "an echo's request": (
        "1-sign-up.yaml",
        "{echo: {request: name,",
        "{echo: {request: nam,",
        "(SIGNUP-ECHO-2): the request of signUpEmail has no field `nam`; did you mean `name`?",
    ),
    "when": (
        "6-checkout.yaml",
        "present: {when: [customer]",
        "present: {when: [custmer]",
        "(CHECKOUT-INLINE-1): the request of createCheckoutSession has no field `custmer`; did you mean `customer`?",
    ),
    "unless": (
        "6-checkout.yaml",
        "absent: {unless: [customerId, customer]",
        "absent: {unless: [customerId, nobody]",
        "(CHECKOUT-NONE-2): the request of createCheckoutSession has no field `nobody`",
    ),
    "a list's index in a rule": (
        "6-checkout.yaml",
        "{absent: {response: [deletedAt]}}",
        "{absent: {response: [lineItems.0.name]}}",
        "has no field `lineItems.0.name`",
    ),
    "an order": (
        "6-checkout.yaml",
        "later: expiresAt",
        "later: expires",
        "(CHECKOUT-ECHO-9): the response of createCheckoutSession has no field `expires`; did you mean `expiresAt`?",
    ),
    "a fact": (
        "2-sign-in.yaml",
        "fact: user id",
        "fact: user ids",
        "(SIGNIN-ECHO-1): no file remembers the fact `user ids`; did you mean `user id`?",
    ),
    "a fact's key": (
        "2-sign-in.yaml",
        "fact: user id, by: email",
        "fact: user id, by: e-mail",
        "(SIGNIN-ECHO-1): the request of signInEmail has no field `e-mail`; did you mean `email`?",
    ),
    "a remembered place": (
        "1-sign-up.yaml",
        "value: [response.user.id]",
        "value: [response.user.ids]",
        "1-sign-up.yaml, line {line:user.ids}: signUpEmail has no `response.user.ids`; did you mean "
        "`response.user.id`?",
    ),
    "a created thing's name": (
        "6-checkout.yaml",
        "kind: session, name: [response.id]",
        "kind: session, name: [response.idd]",
        "createCheckoutSession has no `response.idd`; did you mean `response.id`?",
    ),
    "a secret of the request": (
        "1-sign-up.yaml",
        "request: [password]",
        "request: [pasword]",
        "1-sign-up.yaml, line {line:[pasword]}: signUpEmail has no `pasword`, which is named under `request`; did you "
        "mean `password`?",
    ),
    "a secret of the response": ("1-sign-up.yaml", "response: [token]", "response: [tokn]", "did you mean `token`?"),
    "a secret header": (
        "1-sign-up.yaml",
        "headers: [set-auth-token]",
        "headers: [set-token]",
        "did you mean `set-auth-token`?",
    ),
    "a private field": (
        "1-sign-up.yaml",
        "private: [email",
        "private: [emial",
        "under `private`; did you mean `email`?",
    ),
    "a header": (
        "1-sign-up.yaml",
        "{header: set-auth-token}",
        "{header: set-auth-tokens}",
        "(SIGNUP-HEADERS-2): the document has no header `set-auth-tokens` for a success of signUpEmail; did you mean "
        "`set-auth-token`?",
    ),
    "a unique header": (
        "2-sign-in.yaml",
        "response: [token], header: set-auth-token}",
        "response: [token], header: x-token}",
        "(SIGNIN-UNIQUE-1): the document has no header `x-token`",
    ),
    "more cases than there may be": (
        "6-checkout.yaml",
        "      each: 2\n      always: 2\n",
        "      each: 2\n      always: 4\n",
        "`always` is 4, more than the cases of a field that `each` allows",
    ),
    "a status of success": (
        "2-sign-in.yaml",
        "{accepts: {statuses: [200]",
        "{accepts: {statuses: [200, 401]",
        "(SIGNIN-STATUS-1): the document has no success 401 for signInEmail; it has 200",
    ),
    "a status of a refusal": (
        "2-sign-in.yaml",
        "statuses: [401, 400, 422]",
        "statuses: [401, 400, 418]",
        "(SIGNIN-AUTH-9): the document has no status 418 for signInEmail; it has 200, 400, 401, 403",
    ),
    "a status of withholding": (
        "2-sign-in.yaml",
        "tolerates: [{statuses: [403]",
        "tolerates: [{statuses: [402]",
        "(SIGNIN-STATUS-1): the document has no status 402 for signInEmail",
    ),
    "words of withholding": (
        "2-sign-in.yaml",
        "(?i)verif",
        "(?i)(verif",
        "(SIGNIN-STATUS-1): `(?i)(verif` is no regular expression",
    ),
    "a status with a body": (
        "0-every-operation.yaml",
        "{error-body: [401]}",
        "{error-body: [402]}",
        "-ERROR-5): the document has no status 402",
    ),
    "a status without a body": (
        "0-every-operation.yaml",
        "tolerates_empty: [401]",
        "tolerates_empty: [410]",
        "-ERROR-2): the document has no status 410",
    ),
    "missing": (
        "3-organization.yaml",
        "missing: [name, slug]",
        "missing: [name, nonsense]",
        "3-organization.yaml, line {line:nonsense} (ORG-VALID-1): the request of createOrganization has no field "
        "`nonsense`; known are",
    ),
    "nulled": ("2-sign-in.yaml", "nulled: [email, password]", "nulled: [emial]", "`emial`; did you mean `email`?"),
    "emptied": (
        "6-checkout.yaml",
        "emptied: [customerId]",
        "emptied: [customerID]",
        "`customerID`; did you mean `customerId`?",
    ),
    "types": ("2-sign-in.yaml", "types: [email, password]", "types: [emial]", "`emial`; did you mean `email`?"),
    "an item left out": (
        "6-checkout.yaml",
        "missing: [totalAmount",
        "missing: [lineItems.0.amount",
        "`lineItems.0.amount`",
    ),
    "values": (
        "6-checkout.yaml",
        "lineItems.2.quantity:",
        "lineItems.2.quantities:",
        "has no field `lineItems.2.quantities`; did you mean `lineItems.0.quantity`?",
    ),
    "a control": (
        "1-sign-up.yaml",
        "      values:\n        password: [Sh0rt-7",
        "      control: {pasword: x}\n      values:\n        password: [Sh0rt-7",
        "did you mean `password`?",
    ),
    "a field of an open object left out": (
        "6-checkout.yaml",
        "missing: [mode, merchantId, metadata]",
        "missing: [metadata.nonsense]",
        "has no field `metadata.nonsense`; did you mean `metadata`?",
    ),
    "text": (
        "5-customer.yaml",
        "metadata.note], phoneNumber,",
        "metadata.note], phoneNumbr,",
        "did you mean `phoneNumber`?",
    ),
    "texts together": ("5-customer.yaml", "text: [[name,", "text: [[names,", "did you mean `name`?"),
    "long": ("5-customer.yaml", "long: [name, email]", "long: [name, emails]", "did you mean `email`?"),
    "names": ("5-customer.yaml", "names: [metadata]", "names: [metdata]", "did you mean `metadata`?"),
    "wide": ("5-customer.yaml", "wide: [email]", "wide: [emial]", "did you mean `email`?"),
    "deep": ("5-customer.yaml", "deep: [metadata]", "deep: [metdata]", "did you mean `metadata`?"),
    "numbers": ("6-checkout.yaml", "numbers: [totalAmount", "numbers: [totalAmounts", "did you mean `totalAmount`?"),
    "no short name": (
        "5-customer.yaml",
        "short: CUSTOMER\n",
        "",
        "0-every-operation.yaml, line {line:createCustomer, createCheckoutSession]}",
    ),
    "the short name of another": (
        "5-customer.yaml",
        "short: CUSTOMER",
        "short: ORG",
        "another operation has the short name ORG",
    ),
}

# name: (old text, new text, words that are told)
BROKEN_DOCUMENTS = {
    "a reference to nothing": (
        "#/components/schemas/SignUpRequest'",
        "#/components/schemas/SignUpReqest'",
        "`#/components/schemas/SignUpReqest`, at paths./authentication/sign-up/email.post.requestBody.content."
        "application/json.schema, leads nowhere; did you mean `#/components/schemas/SignUpRequest`?",
    ),
    "a reference to another file": (
        "#/components/schemas/User'",
        "users.yaml'",
        "is no reference within this document",
    ),
    "a reference to itself": (
        "    DisplayName:\n",
        "    Round:\n      $ref: '#/components/schemas/Round'\n    DisplayName:\n",
        "refers to itself",
    ),
    "a type that is none": ("type: boolean", "type: bool", "JSON Schema does not have there; did you mean `boolean`?"),
    "a bound that is none": (
        "minLength: 1\n",
        "minLength: one\n",
        "minLength is `one`, which JSON Schema does not have there",
    ),
    "a pattern that is none": ("'^[A-Z]{3}$'", "'^[A-Z{3}$'", "the pattern `^[A-Z{3}$`, at components.schemas."),
    "a key twice": ("    post:\n", "    post: {}\n    post:\n", "the key `post` stands twice"),
    "no operationId": (
        "      operationId: signUpEmail\n",
        "",
        "`post /authentication/sign-up/email` lacks 'operationId'",
    ),
    "an operationId twice": ("Id: signInEmail\n      tags", "Id: signUpEmail\n      tags", "signUpEmail stands twice"),
    "a status that is none": ("'200':", "'ok':", "is not as OpenAPI 3.1 has an operation"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the folder with the document and the catalogue."""
    shutil.copytree(ROOT / "openapi", tmp_path / "openapi")
    return tmp_path / "openapi"


def changed(file: Path, old: str, new: str) -> str:
    text = file.read_text(encoding="utf-8")
    assert old in text, "the file was changed, so that the test changes nothing"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return file.read_text(encoding="utf-8")


def lines_filled_in(words: str, text: str) -> str:
    """Return words with `{line:TEXT}` replaced by the line in which that text stands first."""
    if "{line:" in words:
        before, _, rest = words.partition("{line:")
        wanted, _, after = rest.partition("}")
        line = 1 + text[: text.index(wanted)].count("\n")
        words = f"{before}{line}{after}"
    return words.replace("{{", "{").replace("}}", "}")


@pytest.mark.parametrize("name", BROKEN_FORMS)
def test_a_catalogue_file_of_another_form_is_refused(name: str, tmp_path: Path) -> None:
    """A file that is not as the schema has it: one sentence names the file, the line, and the remedy."""
    text, line, words = BROKEN_FORMS[name]
    tmp_path.joinpath("pay.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(tmp_path, SCHEMA)
    told = str(caught.value)
    assert told.startswith(f"pay.yaml, line {line}")
    assert words in told
    assert "\n" not in told


def test_the_files_that_are_broken_above_are_right_before(tmp_path: Path) -> None:
    tmp_path.joinpath("0-all.yaml").write_text(SHARED, encoding="utf-8")
    tmp_path.joinpath("pay.yaml").write_text(f"short: PAY\nsection: customer\n{ROW}{ECHO}", encoding="utf-8")
    tmp_path.joinpath("pay-more.yaml").write_text(ROW.replace("ECHO-1", "ECHO-2"), encoding="utf-8")
    catalogue = load_catalogue(tmp_path, SCHEMA)
    assert [row.id for row in catalogue] == ["PAY-ECHO-1", "PAY-ECHO-2", "PAY-STATUS-3"]
    assert [row.operation for row in catalogue] == ["pay"] * 3
    assert catalogue["PAY-STATUS-3"].sources[0].reference == "contract#customer-request"


@pytest.mark.parametrize("name", DISAGREEMENTS)
def test_a_catalogue_that_disagrees_with_the_document_is_refused(name: str, copy: Path) -> None:
    """A word of the catalogue that the document does not know: one sentence names place, id and the nearest word."""
    file, old, new, words = DISAGREEMENTS[name]
    text = changed(copy / "requirements" / file, old, new)
    if not words.startswith(file):
        text = (
            (copy / "requirements" / "0-every-operation.yaml").read_text(encoding="utf-8") if words[0] == "0" else text
        )
    with pytest.raises(CatalogueError) as caught:
        Rules(load_catalogue(copy / "requirements"), load_contract(copy / "onboarding.yaml"))
    assert lines_filled_in(words, text) in str(caught.value)
    assert ".yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


FREE = {
    "media",
    "values",
    "control",
    "scope",
    "says",
    "reason",
    "seconds",
    "times",
    "hours",
    "one-value",
    "each",
    "base",
    "also",
    "claims",
}
"""Parameters that name nothing: any text or number is right in them."""


def misspelled(value: Any) -> Iterator[Any]:
    """Yield copies of a rule or table in which one name, text or status is another one."""
    if isinstance(value, str):
        yield f"misspelled-{value}"
    elif isinstance(value, int):
        yield value + 77
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from ([*value[:number], other, *value[number + 1 :]] for other in misspelled(item))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield {f"{other}-misspelled" if other == name else other: part for other, part in value.items()}
            if name not in FREE:
                yield from ({**value, name: other} for other in misspelled(item))


def test_no_word_of_any_row_can_be_misspelled_unseen(catalogue: Catalogue, contract: Contract) -> None:
    """Each key, field, header, fact, word and status of each rule and table is looked at, by schema or document."""
    form, facts = Form.load(SCHEMA), [fact.name for known in catalogue.facts.values() for fact in known]
    unseen, tried = [], 0
    for row in catalogue:
        for kind in ("rule", "refuses", "survives"):
            for other in misspelled(getattr(row, kind) or {}):
                tried += 1
                written = {
                    "id": row.id,
                    "level": row.level,
                    "concern": row.concern,
                    "statement": "x",
                    "source": ["a#b"],
                }
                seen = not form.validator.is_valid({"operation": "x", "requirements": [{**written, kind: other}]})
                if not seen and not any(mistakes_of(replace(row, **{kind: other}), contract, facts)):
                    unseen.append((row.id, other))
    assert unseen == []
    assert tried > 800


@pytest.mark.parametrize("operation", ["createCustomers", "payments"])
def test_an_operation_that_the_document_lacks_is_refused(operation: str, copy: Path) -> None:
    file = copy / "requirements" / "8-more.yaml"
    file.write_text(f"{HEADER}\noperation: {operation}\nrequirements: []\n", encoding="utf-8")
    with pytest.raises(
        CatalogueError, match=f"8-more.yaml, line 2: the document has no operation `{operation}`"
    ) as caught:
        Rules(load_catalogue(copy / "requirements"), load_contract(copy / "onboarding.yaml"))
    assert ("did you mean `createCustomer`?" in str(caught.value)) == (operation == "createCustomers")


@pytest.mark.parametrize("name", BROKEN_DOCUMENTS)
def test_a_broken_document_is_refused_in_one_sentence(name: str, copy: Path) -> None:
    old, new, words = BROKEN_DOCUMENTS[name]
    changed(copy / "onboarding.yaml", old, new)
    with pytest.raises(ContractError, match=r"^onboarding\.yaml, line \d+: ") as caught:
        load_contract(copy / "onboarding.yaml")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_examples_in_the_document_may_hold_anything(copy: Path) -> None:
    """What looks like a reference or a pattern in an example is none."""
    changed(copy / "onboarding.yaml", "name: Maseru Crafts\n", "name: {$ref: nowhere, pattern: '['}\n")
    load_contract(copy / "onboarding.yaml")


@pytest.mark.parametrize("text", [None, "{", "[]", '{"type": 5}'])
def test_a_schema_that_is_none_is_told(text: str | None, copy: Path) -> None:
    file = copy / "requirements.schema.json"
    file.unlink()
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"requirements\.schema\.json"):
        load_catalogue(copy / "requirements")


def test_every_file_has_the_editors_header() -> None:
    files = sorted((ROOT / "openapi" / "requirements").glob("*.yaml"))
    assert [file.name for file in files if file.read_text(encoding="utf-8").splitlines()[0] != HEADER] == []


def test_the_schema_says_what_the_code_knows() -> None:
    """Kinds of rule, comparisons, bodies, levels and concerns stand in the schema for editors, and in the code."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    row = schema["$defs"]["requirement"]["properties"]
    rules = row["rule"]["properties"]
    assert set(rules) == set(KINDS)
    assert tuple(row["level"]["enum"]) == LEVELS
    assert tuple(row["concern"]["enum"]) == CONCERNS
    assert set(rules["echo"]["properties"]["compare"]["enum"]) == set(COMPARISONS)
    for table in ("refuses", "survives"):
        assert set(row[table]["properties"]["bodies"]["items"]["enum"]) == set(BODIES)


def test_every_property_of_the_schema_is_described_and_every_object_is_closed() -> None:
    """Editors show the descriptions; an open object would take any mistyped key."""

    def check(schema: dict[str, Any], where: str) -> None:
        if schema.get("type") == "object":
            assert "additionalProperties" in schema or where.endswith("control"), where
        for name, part in schema.get("properties", {}).items():
            assert part.get("description"), f"{where}.{name}"
            check(part, f"{where}.{name}")
        if isinstance(schema.get("items"), dict):
            check(schema["items"], where)

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    check(schema, "file")
    for name, part in schema["$defs"].items():
        assert part["description"], name
        check(part, name)


@pytest.mark.parametrize(
    ("path", "put", "known"),
    [
        ("", False, True),
        ("a", False, True),
        ("a.b", False, True),
        ("a.c", False, False),
        ("a.b.c", False, False),
        ("open.whatever.there", True, True),
        ("open.whatever", False, False),
        ("map.any", True, True),
        ("map.any", False, False),
        ("map.any.more", True, False),
        ("list.0.x", True, True),
        ("list.0.x", False, False),
        ("list.x", True, False),
        ("either", False, True),
        ("closed.x", True, False),
        ("text.x", True, False),
    ],
)
def test_paths_in_schemas(path: str, put: bool, known: bool) -> None:
    """References, branches, items and open objects are walked; a field that no schema names is none."""
    schema = yaml.safe_load("""
        allOf: [{$ref: here}, {anyOf: [{properties: {either: {type: string}}}, {type: 'null'}]}]
        properties:
          a: {type: object, properties: {b: {type: string}}}
          open: {type: [object, 'null']}
          map: {type: object, additionalProperties: {type: string}}
          list: {type: array, items: {type: object, properties: {x: {type: string}}}}
          closed: {type: object, additionalProperties: false}
          text: {type: string}
    """)
    assert Shape((schema,), lambda _: schema).knows(path, put=put) is known


def test_the_nearest_word_is_told_or_else_all_of_a_few() -> None:
    assert remedy("exakt", ["exact", "caseless"]) == "; did you mean `exact`?"
    assert remedy("zzz", ["a", "b"]) == "; known are a, b"
    assert remedy("zzz", map(str, range(100))) == ""
