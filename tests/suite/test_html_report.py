"""The HTML report: whole, self-contained, quick, and safe to open whatever the target answered."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, Environment

from conformance.contract.catalogue import CONCERNS
from conformance.contract.owasp import CATEGORIES
from conformance.report import html, pages_seen_from
from conformance.report.html import LONGEST_TEXT, render_html

TARGET = "http://127.0.0.1:8080/api"
RFC = "https://www.rfc-editor.org/rfc/rfc9110#section-9.3.3"
ELSEWHERE = {RFC, *(category.href for category in CATEGORIES)}
VOID = {"meta", "input", "br", "hr", "img", "link", "wbr"}
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "end of details": "</details></pre></article></main><h1>conformant</h1>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "comment": "<!-- ]]> {{ 7 * 7 }} {% raw %} &lt;",
    "end of style": "</style></script><img src=http://evil.example/x.png>",
    "bidi": "amount \u202e000,1\u202c \u2066left\u2069 \u200e\u200f\u061c",
    "unseen": "nul \x00 escape \x1b[31m bell \x07 return \r line \u2028 zero\u200bwidth \ufeff",
    "lone surrogate": "half \ud83d of a pair",
    "huge": "x" * 400_000,
    "right to left": "שלום עולם",
}


class Page(HTMLParser):
    """A page as a browser takes it apart: elements with attributes, whether tags nest, and text by element."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def ids(self) -> Counter[str]:
        return Counter(value for _, attributes in self.elements if (value := attributes.get("id")))

    def attributes(self, name: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(name)) is not None]

    def headings(self) -> list[int]:
        return [int(tag[1]) for tag, _ in self.elements if re.fullmatch("h[1-6]", tag)]


def breach(text: str = "nothing", test: str = "tests/conformance/test_features.py::test_walk", number: int = 7) -> Any:
    return {
        "requirement": "SIGNUP-ECHO-1",
        "test": test,
        "expected": f"`user.email` {text}",
        "got": text,
        "exchange": {
            "number": number,
            "operation": "signUpEmail",
            "summary": f"POST /sign-up → 200 {text}",
            "request": {
                "method": "POST",
                "url": TARGET,
                "headers": [["X-Sent", text]],
                "body": f'{{"name": "{text}"}}',
            },
            "response": {"status": 200, "headers": [["x-came", text]], "body": text},
            "failure": None,
            "seconds": 0.0123,
            "curl": f"curl -sS {TARGET} -H 'Authorization: Bearer ***' --data-raw '{text}'",
        },
        "known": False,
        "place": "",
        "step": "",
        "before": [],
        "again": f"pytest --base-url {TARGET} --seed 1 '{test}'",
    }


def row(name: str, verdict: str = "passed", **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "level": "SHOULD" if verdict == "warned" else "MUST",
        "operation": "signUpEmail",
        "concern": "echo",
        "statement": "`user.email` is the e-mail that was sent.",
        "owasp": None,
        "source": "docs/contract.md#sign-up-echo; RFC 9110, section 9.3.3",
        "sources": [
            {"label": "docs/contract.md#sign-up-echo", "href": "docs/contract.md#sign-up-echo"},
            {"label": "RFC 9110, section 9.3.3", "href": RFC},
        ],
        "verdict": verdict,
        "reason": "the target limits sign-ups" if verdict == "not tested" else "",
        "why": "rate limited" if verdict == "not tested" else "",
        "cases": {"decided": int(verdict != "not tested"), "planned": 1},
        "looks": {"broken": int(verdict in ("failed", "warned")), "of": int(verdict != "not tested")},
        "tests": [] if verdict == "not tested" else ["tests/conformance/test_features.py::test_walk"],
        "breaches": [breach()] if verdict in ("failed", "warned") else [],
        "more_breaches": 0,
        "proven_by": ["signup-name-cut"],
        "known_failure": None,
        "company": "",
        "script": None,
        **more,
    }


def owasp(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "category": category.id,
            "title": category.title,
            "href": category.href,
            "requirements": [item["id"] for item in rows if item["owasp"] == category.id],
            "unseen": category.unseen,
        }
        for category in CATEGORIES
    ]


def run(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    totals = {
        "MUST": {"passed": 0, "failed": 0, "known failure": 0, "not tested": 0},
        "SHOULD": {"passed": 0, "warned": 0, "known failure": 0, "not tested": 0},
    }
    for item in rows:
        totals[item["level"]][item["verdict"]] += 1
    failed = totals["MUST"]["failed"] > 0
    operation = {"operation": "signUpEmail", "method": "POST", "path": "/authentication/sign-up/email"}
    return {
        "format": 3,
        "version": "1.2.3",
        "digests": {"document": "0d" * 32, "catalogue": "0c" * 32},
        "target": TARGET,
        "bundled": False,
        "verdict": "not conformant" if failed else "conformant",
        "exit_status": int(failed),
        "exit_reason": None,
        "stopped": None,
        "size": "gate",
        "seed": 4711,
        "run": "c0ffee12",
        "strict": False,
        "started": "2026-11-23T05:36:39.528+00:00",
        "seconds": 83.5,
        "seconds_waited": 20.0,
        "configuration": {"base_url": TARGET},
        "totals": totals,
        "requests": 12,
        "operations": [{**operation, "requests": 12, "statuses": {"200": 11, "429": 1}, "times": None}],
        "checked": ["signed up and signed in as <conformance.1@example.com>"],
        "created": ["user conformance.1@example.com", "organization conformance-2"],
        "policies": [],
        "drift": [],
        "comparison": None,
        "deviations": [],
        "stale_known_failures": [],
        "gateway": {"answered": 0, "of": 12},
        "groups": [{"cause": item["id"], "follows": [], "endangers": "echo"} for item in rows if item["breaches"]],
        "audit": None,
        "owasp": owasp(rows),
        "requirements": list(rows),
        **more,
    }


def readable(page: str) -> str:
    return " ".join(re.sub(r"<(style|script)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL).split())


@pytest.fixture(scope="module")
def mixed() -> dict[str, Any]:
    return run(
        row("SIGNUP-ECHO-1", "failed"),
        row("SIGNUP-ECHO-2", "warned", statement="The name SHOULD come back."),
        row("SIGNUP-ECHO-3", "not tested"),
        row("SIGNUP-UNIQUE-1"),
    )


@pytest.mark.parametrize(
    ("writes", "place", "kept"),
    [(True, "folder", True), (False, "folder", False), (True, "file", False)],
    ids=["as modules are", "where no module is kept", "where nothing can be written"],
)
def test_compiled_templates_are_kept_beside_them(
    writes: bool, place: str, kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = tmp_path / "templates"
    templates.mkdir() if place == "folder" else templates.touch()
    monkeypatch.setattr(html, "files", lambda _: tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", not writes)
    cache = html._compiled_templates()
    assert (cache is not None) == kept
    if cache is not None:
        Environment(loader=DictLoader({"page.html": "{{ 6 * 7 }}"}), bytecode_cache=cache).get_template("page.html")
        assert len(list(templates.glob("__pycache__/*"))) == 1


def test_a_green_run_says_so_and_breaks_nothing() -> None:
    page = render_html(run(row("SIGNUP-ECHO-1"), row("SIGNUP-ECHO-2")))
    text = readable(page)
    assert "Conformant" in text
    assert "Not conformant" not in text
    assert "Every MUST requirement that this target can show was tested and is kept (2)." in text
    assert "No MUST requirement is broken." in text
    assert "<article" not in page


def test_the_top_tells_what_ran_where_and_for_how_long() -> None:
    text = readable(render_html(run(row("SIGNUP-ECHO-1"))))
    for fact in (TARGET, "gate", "4711", "c0ffee12", "23 November 2026, 05:36:39 UTC", "1 min 24 s", "20.0 s", "12"):
        assert fact in text


def test_a_broken_must_is_told_with_everything_that_proves_it(mixed: dict[str, Any]) -> None:
    page = Page(render_html(mixed))
    article = next(text for text in page.texts["article"] if "SIGNUP-ECHO-1" in text)
    told = breach()
    for fact in (
        *("failed", "MUST", "signUpEmail", "POST /authentication/sign-up/email", "echo", "user.email is the e-mail"),
        *(
            "docs/contract.md#sign-up-echo; RFC 9110, section 9.3.3",
            told["expected"],
            told["got"],
            told["again"],
            "test_walk",
        ),
        *("X-Sent", "x-came", "HTTP 200", '"name": "nothing"', "12 ms", told["exchange"]["curl"]),
    ):
        assert fact in article


def test_musts_come_before_warnings(mixed: dict[str, Any]) -> None:
    page = render_html(mixed)
    assert (
        page.index('id="broken-SIGNUP-ECHO-1"') < page.index('id="warnings"') < page.index('id="broken-SIGNUP-ECHO-2"')
    )
    assert "1 MUST requirement is broken. 1 SHOULD requirement is not kept." in readable(page)


def test_warnings_alone_leave_the_run_conformant() -> None:
    text = readable(render_html(run(row("SIGNUP-ECHO-2", "warned"), row("SIGNUP-ECHO-1"))))
    assert "1 SHOULD requirement is not kept (a warning)." in text
    assert "They do not fail the run." in text


def test_a_strict_run_says_that_warnings_count() -> None:
    data = run(row("SIGNUP-ECHO-2", "warned"), strict=True, verdict="not conformant", exit_status=1)
    text = readable(render_html(data))
    assert "but 1 SHOULD requirement is not kept. In this strict run that counts as a failure." in text


@pytest.mark.parametrize(
    ("verdict", "stopped", "sentence"),
    [
        ("not finished", "the run was interrupted", "The run has not finished: it was interrupted."),
        (
            "not finished",
            "the target could not be reached",
            "The run has not finished: the target could not be reached.",
        ),
        ("not finished", None, "The run has not finished: it ended with status 2."),
    ],
)
def test_a_run_that_did_not_finish_says_why(verdict: str, stopped: str | None, sentence: str) -> None:
    data = run(row("SIGNUP-ECHO-3", "not tested"), verdict=verdict, stopped=stopped, exit_status=2)
    text = readable(render_html(data))
    assert f"? {verdict.capitalize()}" in text
    assert sentence in text
    assert "No MUST requirement is broken as far as the run got." in text


def test_what_was_not_tested_stands_under_its_reason(mixed: dict[str, Any]) -> None:
    page = render_html(mixed)
    section = readable(page[page.index('id="not-tested"') : page.index('id="requests"')])
    assert section.index("the target limits sign-ups") < section.index("SIGNUP-ECHO-3")
    assert "SIGNUP-UNIQUE-1" not in section


def test_the_categories_of_the_owasp_list_have_their_verdicts() -> None:
    """A category's row leads to its requirements, and a requirement to its category."""
    page = render_html(run(row("CUSTOMER-TENANT-1", "failed", owasp="API1"), row("CUSTOMER-ECHO-1")))
    table = page.partition('<section id="owasp"')[2].partition("</section>")[0]
    first = table.partition('id="owasp-API1"')[2].partition("</tr>")[0]
    assert '<a href="#CUSTOMER-TENANT-1">' in first
    assert "1 failed" in readable(first)
    assert "CUSTOMER-ECHO-1" not in table
    assert page.count('<a href="#owasp-API1">') == 1


def test_requests_creations_and_configuration_are_told(mixed: dict[str, Any]) -> None:
    text = readable(render_html(mixed))
    for fact in ("429 × 1", "user: 1", "conformance.1@example.com", "organization: 1", "base_url"):
        assert fact in text


def test_a_run_in_which_nothing_happened_has_a_page() -> None:
    text = readable(render_html(run(operations=[], created=[], configuration={}, requests=0, verdict="not finished")))
    assert "No test decided a requirement." in text


def test_every_requirement_is_an_anchor_exactly_once(mixed: dict[str, Any]) -> None:
    ids = Page(render_html(mixed)).ids()
    assert {ids[item["id"]] for item in mixed["requirements"]} == {1}
    assert max(ids.values()) == 1


def test_every_link_within_the_page_has_its_place(mixed: dict[str, Any]) -> None:
    page = Page(render_html(mixed))
    within = {link.removeprefix("#") for link in page.attributes("href") if link not in ELSEWHERE}
    assert within <= set(page.ids())
    for name in ("aria-labelledby", "aria-describedby"):
        assert set(page.attributes(name)) <= set(page.ids())


def test_nothing_is_loaded_from_anywhere(mixed: dict[str, Any]) -> None:
    page = Page(render_html(mixed))
    assert {link for link in page.attributes("href") if not link.startswith("#")} == ELSEWHERE
    assert not [name for name in ("src", "srcset", "data", "action", "poster", "background") if page.attributes(name)]
    assert not {"link", "iframe", "object", "img", "base"} & {tag for tag, _ in page.elements}
    style = page.texts["style"][0]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in page.attributes("content")[0]


@pytest.mark.parametrize("pages", ["../", "https://example.com/project/"])
def test_sources_are_links(pages: str, mixed: dict[str, Any]) -> None:
    """Where the project's pages are to be had the source is a link to the very fact; elsewhere it is only named."""
    fact = "docs/contract.md#sign-up-echo"
    links = Page(render_html(mixed, pages)).attributes("href")
    assert links.count(f"{pages}{fact}") == links.count(RFC) == len(mixed["requirements"]) + 2
    plain = Page(render_html(mixed))
    assert not [link for link in plain.attributes("href") if fact in link]
    assert fact in plain.texts["article"][0]


def test_only_the_pages_own_script_may_run(mixed: dict[str, Any]) -> None:
    page = Page(render_html(mixed))
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_whatever_the_target_answers_is_only_text(text: str, mixed: dict[str, Any]) -> None:
    hostile = row(
        "SIGNUP-ECHO-1",
        "failed",
        breaches=[breach(text), breach(f"other {text}")],
        tests=[f"tests/conformance/test_features.py::test_walk[{text}]"],
    )
    data = run(
        hostile,
        row("SIGNUP-ECHO-3", "not tested", reason=text),
        target=TARGET + text,
        stopped=text,
        configuration={"header": text},
        created=[f"user {text}"],
    )
    data["operations"][0]["statuses"][text] = 1
    page = render_html(data)
    parsed, plain = Page(page), Page(render_html(mixed))

    assert page.encode("utf-8")
    assert parsed.crossed == []
    assert parsed.open == []
    assert {tag for tag, _ in parsed.elements} == {tag for tag, _ in plain.elements}
    assert not [name for _, attributes in parsed.elements for name in attributes if name.startswith("on")]
    assert [tag for tag, _ in parsed.elements].count("script") == 1
    assert not parsed.attributes("src")
    assert len(page) < 60_000 + 32 * (LONGEST_TEXT + 100)
    unescaped = re.sub(r'data-text="[^"]*"', "", page)
    assert not re.search("[\x00-\x08\x0b-\x1f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\u061c\ufeff]", unescaped)


def test_unseen_characters_are_shown_as_code_points_and_copied_as_they_are() -> None:
    text = HOSTILE["bidi"]
    page = Page(render_html(run(row("SIGNUP-ECHO-1", "failed", breaches=[breach(text)]))))
    assert any("⟨U+202E⟩000,1⟨U+202C⟩" in shown for shown in page.texts["pre"])
    assert breach(text)["exchange"]["curl"] in page.attributes("data-text")


def test_the_curl_line_is_there_escaped_and_can_be_copied() -> None:
    page = render_html(run(row("SIGNUP-ECHO-1", "failed", breaches=[breach("<b>'&'</b>")])))
    assert "--data-raw &#39;&lt;b&gt;&#39;&amp;&#39;&lt;/b&gt;&#39;" in page
    assert 'aria-label="Copy: Send the request again"' in page
    assert "put in a token or password of your own" in page


def test_a_curl_line_with_half_a_body_is_not_offered_for_copying() -> None:
    page = render_html(run(row("SIGNUP-ECHO-1", "failed", breaches=[breach("x" * 40 + "… (9000 bytes)")])))
    assert 'aria-label="Copy: Send the request again"' not in page
    assert 'aria-label="Copy: Run the test again"' in page


def test_json_bodies_are_laid_out_and_others_left_alone() -> None:
    laid_out, broken = breach('{"a": [1, "é"]}'), breach('{"a": 1e400, "a": 2} ')
    page = Page(render_html(run(row("SIGNUP-ECHO-1", "failed", breaches=[laid_out, broken]))))
    assert '{\n  "a": [\n    1,\n    "é"\n  ]\n}' in page.texts["pre"]
    assert '{"a": 1e400, "a": 2} ' in page.texts["pre"]


def test_an_answer_that_never_came_is_told() -> None:
    cut = breach()
    cut["exchange"] |= {"response": None, "failure": "the connection was closed after 3 bytes"}
    alone = {**breach(), "exchange": None, "got": "two equal tokens"}
    text = readable(render_html(run(row("SIGNUP-ECHO-1", "failed", breaches=[cut, alone]))))
    assert "No whole response the connection was closed after 3 bytes" in text
    assert "two equal tokens" in text


def test_one_answer_that_breaks_several_requirements_names_the_others() -> None:
    page = render_html(run(row("SIGNUP-ECHO-1", "failed"), row("SIGNUP-ECHO-2", "failed")))
    article = page[page.index('id="broken-SIGNUP-ECHO-1"') : page.index('id="broken-SIGNUP-ECHO-2"')]
    assert 'The same response also breaks <a href="#broken-SIGNUP-ECHO-2">' in article


def test_breaches_that_repeat_each_other_are_counted_rather_than_shown() -> None:
    repeated = [breach(f"made in run {number} {chr(97 + number % 26) * 20}", number=number) for number in range(40)]
    text = readable(render_html(run(row("SIGNUP-ECHO-1", "failed", breaches=repeated, more_breaches=5))))
    assert text.count("Send the request again") == 1
    assert "Seen 44 more times in much the same form; conformance.json has 39 of them." in text


def test_one_defect_is_told_once_with_what_follows_from_it_folded() -> None:
    rows = [row("SIGNUP-SCHEMA-5", "failed", looks={"broken": 22, "of": 110}), row("SIGNUP-ECHO-1", "failed")]
    data = run(*rows, groups=[{"cause": "SIGNUP-SCHEMA-5", "follows": ["SIGNUP-ECHO-1"], "endangers": "echo"}])
    page = render_html(data)
    folded = page[page.index('<details class="follows"') :]
    assert 'id="broken-SIGNUP-ECHO-1"' in folded
    assert 'id="broken-SIGNUP-SCHEMA-5"' not in folded
    text = readable(page)
    assert "2 requirements that the API must keep, with 1 likely cause" in text
    assert "broken in 22 of 110 responses that were looked at" in text


def test_the_page_can_be_read_by_structure(mixed: dict[str, Any]) -> None:
    page = Page(render_html(mixed))
    levels = page.headings()
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert page.crossed == []
    assert page.open == []
    assert ("html", {"lang": "en"}) in page.elements
    assert {"header", "nav", "main"} <= {tag for tag, _ in page.elements}
    style = page.texts["style"][0]
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style


def test_the_filter_stays_out_of_sight_until_a_script_can_run_it(mixed: dict[str, Any]) -> None:
    elements = Page(render_html(mixed)).elements
    controls = [attributes for tag, attributes in elements if tag == "form" or attributes.get("class") == "copy"]
    assert controls
    assert all("hidden" in attributes for attributes in controls)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_colours_have_the_contrast_that_text_needs(dark: bool, mixed: dict[str, Any]) -> None:
    """WCAG 2.2, 1.4.3 (AA): 4.5 to 1 for text of this size."""
    blocks = re.findall(r":root \{([^}]*)\}", Page(render_html(mixed)).texts["style"][0])
    colours = dict(re.findall(r"--([\w-]+): (#\w+)", blocks[1 if dark else 0]))
    pairs = [(name, f"{name}-back") for name in ("good", "bad", "warn", "none")]
    pairs += [(ink, paper) for ink in ("text", "quiet", "link") for paper in ("page", "panel")]
    pairs += [("none", "page"), ("text", "warn-back"), ("quiet", "warn-back"), ("link", "warn-back")]
    assert {pair: ratio for pair in pairs if (ratio := contrast(*(colours[name] for name in pair))) < 4.5} == {}


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_page_of_a_whole_gate_is_small() -> None:
    tests = [f"tests/conformance/test_features.py::test_something_about_an_operation[EXAMPLE-{n}]" for n in range(180)]
    rows = [
        row(
            f"EXAMPLE-{number}",
            operation=f"operation{number % 7}",
            concern=CONCERNS[number % len(CONCERNS)],
            statement="Every response has a status that the contract documents for this operation.",
            tests=tests[number % 150 : number % 150 + 17],
        )
        for number in range(340)
    ]
    page = render_html(run(*rows))
    assert len(page.encode()) < 600_000
    ids = Page(page).ids()
    assert {ids[item["id"]] for item in rows} == {1}


@pytest.mark.parametrize(
    ("folder", "place", "pages"),
    [
        ("reports", ".", "../"),
        ("reports/nightly", ".", "../../"),
        ("reports", "project", "../project/"),
        ("reports", "https://example.com/project", "https://example.com/project/"),
        ("../elsewhere", "https://example.com/project/", "https://example.com/project/"),
        ("../elsewhere", ".", None),
        ("reports", "", None),
    ],
)
def test_links_to_the_projects_pages_hold_no_path_of_this_machine(
    folder: str, place: str, pages: str | None, tmp_path: Path
) -> None:
    """Within the checkout the links are relative; outside it only an address that was set makes them links."""
    root = tmp_path / "checkout"
    assert pages_seen_from(root / folder, root, place) == pages


def test_what_led_to_a_breach_stands_before_it_and_its_place_is_marked() -> None:
    body = '{"id": "cs_1", "url": "https://pay.example/<1>"}'
    sent = {"number": 3, "summary": "POST /sign-in → 200", "request": "{}", "response": ""}
    led = {"step": "Given a merchant", "exchanges": [sent]}
    told = {**breach(), "place": "url", "step": "Then it can be paid", "before": [led]}
    told["exchange"]["response"]["body"] = body
    page = render_html(run(row("SIGNUP-ECHO-1", "failed", breaches=[told])))
    assert "<mark>&#34;url&#34;: &#34;https://pay.example/&lt;1&gt;&#34;</mark>" in page
    text = readable(page)
    assert "What led to it: 1 step of the test, with what was sent before Given a merchant POST /sign-in → 200" in text
    assert "Found in the step Then it can be paid ." in text
