"""The page of companies of all sizes: whole, self-contained, and without invented zeros."""

import html
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from claude_page import drawing, page
from claude_page.__main__ import main
from claude_page.cards import Chart, Strip
from tests import ROOT
from tests.unit import page_marts
from tests.unit.page_marts import LAST, LATER, MONTH, SCHEMA

#: The first of 28 days.
FIRST = LAST - timedelta(27)


class Page:
    """What a page shows, and whatever it would load."""

    def __init__(self, text: str) -> None:
        """Look for it."""
        self.html = text
        shown = re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL)
        parts = [" ".join(part.split()) for part in re.split(r"<[^>]*>", shown)]
        self.words = [html.unescape(part) for part in parts if part]
        self.text = " ".join(self.words)
        #: The values at the top, in order.
        self.figures = re.findall(r'class="value[^>]*>([^<]+)<', text)
        tooltips = re.findall(r'<path[^>]* aria-label="([^"]*)"', text)
        self.tooltips = [html.unescape(tooltip) for tooltip in tooltips]


def sketch(chart: Chart | Strip) -> str:
    """Stand in for a drawing, which takes long: only what a pointer finds on it."""
    hover = chart.hover.values() if isinstance(chart, Chart) else ()
    return "".join(f'<path aria-label="{html.escape(text)}"/>' for text in hover)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A path for a DuckDB file that the program will read, to sketch its charts."""
    path = tmp_path / "claude.duckdb"
    monkeypatch.setenv("DBT_TARGET", "duckdb")
    monkeypatch.setenv("DBT_DUCKDB_PATH", str(path))
    monkeypatch.setenv("DBT_SCHEMA", SCHEMA)
    monkeypatch.setattr(page, "draw", sketch)
    return path


def make(database: Path, *arguments: str) -> Page:
    """Run the program and return its page."""
    output = database.parent / "pages" / "page.html"
    assert main(["--output", str(output), *arguments]) == 0
    return Page(output.read_text(encoding="utf-8"))


def test_without_marts_it_says_what_to_do(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No file, no tables, an unknown database: a sentence, and exit code 1."""
    arguments = ["--output", str(database.parent / "page.html")]
    assert main(arguments) == 1
    assert "cannot read the duckdb database" in capsys.readouterr().err
    duckdb.connect(str(database)).close()
    assert main(arguments) == 1
    assert "run `dbt build` first" in capsys.readouterr().err
    assert not list(database.parent.glob("*.html"))


#: Marts of small companies, the figures at the top of their pages, and what these say.
SMALL: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "no-rows": (
        {},
        ["–"] * 6,
        [
            "No complete day has been read yet.",
            "No cost has been read.",
            "Not loaded, so not on this page: growth against seats",
        ],
    ),
    "one-day": (
        page_marts.company(3, LAST),
        ["3", "100%", "–", "–", "–", "–"],
        ["Only 1 day of the 28 loaded.", "Sun 1 Nov 2026\nAssigned seats: 3"],
    ),
    # Everything is known of one user but how spend is spread, which would be theirs.
    "one-user": (
        page_marts.company(1, date(2026, 8, 31)) | page_marts.october(1, "69.75"),
        ["1", "100%", "1", "$69.75", "$69.75", "75%"],
        [
            "October 2026: not shown for fewer than 10 such users.",
            *("1 user, 1 seat\n", "100% of 1 user\n", "$69.75 for 1 person\n"),
            "Nothing is known in these days.",
        ],
    ),
}


@pytest.mark.parametrize(("rows", "figures", "said"), SMALL.values(), ids=SMALL)
def test_little_data(
    database: Path, rows: dict[str, Any], figures: list[str], said: list[str]
) -> None:
    """What is not known is a dash with its reason, never a zero; no chart is invented."""
    page_marts.build(database, rows, LATER if rows else ())
    made = make(database)
    assert made.figures == figures
    assert all(text in "\n".join([*made.words, *made.tooltips]) for text in said)
    assert bool(made.tooltips) is bool(rows)
    assert ("Charts show" in made.text) is ("–" not in figures)


@pytest.mark.slow
def test_five_thousand_users(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums are of all of them; the page stays small, loads nothing, and escapes names."""
    first = date(2026, 9, 28)
    names = ["<script>alert(1)</script>", "データ分析", "مشروع الترجمة", "a & b"]
    thing = {"kind": "skill", "is_bucket": False, "from_date": FIRST, "to_date": LAST}
    thing |= {"use_unit": "invocations", "unknown_day_count": 0, "unread_day_count": 0}
    things = [
        {**thing, "thing_id": f"skill_{n}", "thing_name": name, "use_count": 10 - n}
        | {"use_rank": n + 1}
        for n, name in enumerate(names)
    ]
    rows = {
        **page_marts.company(5000, first),
        **page_marts.october(5000, "12500"),
        **page_marts.known(first, states={LAST: "may be revised"}),
        "claude_things_28": things,
    }
    # One row for each user who had sessions.
    rows["claude_code_daily"] *= 50
    page_marts.build(database, rows, LATER)
    monkeypatch.setattr(page, "draw", drawing.draw)
    large = make(database, "--title", "Ac</title>me & Söhne")
    assert large.figures == ["5,000", "100%", "5,000", "$12,500", "$2.50", "75%"]
    weeks = [tip for tip in large.tooltips if "Sessions:" in tip and "not read" not in tip]
    assert {tip.split("\n")[1] for tip in weeks} == {"Sessions: 350"}
    assert "$2.50 to $3.00" in large.text
    assert len(large.html) < 400_000
    # No address but the namespace of SVG; names are text, never markup.
    assert re.findall(r"\b(?:src|href|data)\s*=\s*(\S+)", large.html) == []
    addresses = set(re.findall(r"https?://[^\"' )]+", large.html))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r"url\(([^)]*)\)", large.html)) == {"#hatch", "#gap"}
    assert "@import" not in large.html
    assert large.html.count("<script>") == 1
    assert {*names, "Ac</title>me & Söhne"} <= set(large.words)


def test_names_of_people_only_when_asked_for(database: Path) -> None:
    """By default nobody is named; with `--people` those who are longest away come first."""
    people = {"Ada": 3, "Bela": 40, "Cem": None, "Dora": 95}
    members = [
        {"user_id": name, "name": name, "email_address": f"{name}@example.com"}
        | {"snapshot_date": LAST, "activity_from": MONTH}
        | {"days_since_active": days, "is_never_active": days is None}
        for name, days in people.items()
    ]
    limits = [
        {"actor_id": name, "period": "monthly", "state": state}
        for name, state in {"Ada": "over", "Bela": "unknown", "Cem": "below"}.items()
    ]
    requests = [{"request_id": "r", "name": "Ada", "is_pending": True, "days_waiting": 9}]
    rows = {
        **page_marts.company(4, FIRST),
        "claude_members": members,
        "claude_spend_limits_now": limits,
        "claude_spend_limit_requests": requests,
    }
    page_marts.build(database, rows)
    made = make(database)
    assert not any(name in made.html for name in people)
    assert "In the last 7 days 1 8 to 30 days ago 0 31 to 90 days ago 1" in made.text
    assert "More than 90 days ago 1 Never 1" in made.text
    assert "Spend not known" in made.words
    assert "1 request for more pending, the longest for 9 days." in made.text
    named = make(database, "--people").text
    assert named.index("Cem never") < named.index("Dora 95") < named.index("Bela 40")
    assert "Ada" not in named


def test_one_of_several_organizations(
    database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page is of one, and without a choice it says which there are; so with plans."""
    rows = page_marts.company(3, LAST)
    other = [{**row, "organization": "globex"} for row in rows["claude_freshness"]]
    rows["claude_freshness"] += other
    page_marts.build(database, rows)
    assert main(["--output", str(database.parent / "page.html")]) == 1
    assert "choose one with --organization: acme, globex" in capsys.readouterr().err
    acme = make(database, "--organization", "acme", "--plan", "seat")
    assert acme.figures[0] == "3"
    assert "extra usage only: seats are paid apart" in acme.text
    assert make(database, "--organization", "globex").figures == ["–"] * 6
    monkeypatch.setenv("CLAUDE_PAGE_PLAN", "flat")
    with pytest.raises(SystemExit):
        main([])
    assert "must be seat or usage, not 'flat'" in capsys.readouterr().err


def test_options_are_documented(capsys: pytest.CaptureFixture[str]) -> None:
    """The document names every option, and Meltano sets only variables that are read."""
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    document = (ROOT / "docs" / "page.md").read_text(encoding="utf-8")
    table = set(re.findall(r"^\| `(--[a-z-]+)`", document, re.MULTILINE))
    assert table == set(re.findall(r"^  (--[a-z-]+)", told, re.MULTILINE))
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    utilities = {plugin["name"]: plugin for plugin in project["plugins"]["utilities"]}
    settings = {setting["env"] for setting in utilities["report"]["settings"]}
    databases = {setting["env"] for setting in utilities["dbt"]["settings"]}
    assert settings - databases == set(re.findall(r"CLAUDE_PAGE_[A-Z]+", document))
    profiles = (ROOT / "transform" / "profiles.yml").read_text(encoding="utf-8")
    assert settings & databases <= set(re.findall(r"DBT_[A-Z_]+", profiles))
