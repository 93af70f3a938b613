"""What is personal in the simulator's rows, and a search for it in any text."""

import json
import re
from collections.abc import Iterable
from datetime import date, timedelta

from tests.simulator import Simulator

#: The API's own words for the name of an account that is gone.
NOBODY = "Deleted User"


def personal_texts(
    simulator: Simulator, day: date, *names: str, others: Iterable[str] = ()
) -> set[str]:
    """Return all text that endpoints and reports have on a day under one of the names."""
    endpoints = ("users", "chat_projects", *others)
    known = [row for endpoint in endpoints for row in simulator.truth(endpoint, day)]
    for report in ("usage", "cost", "user_usage_report", "user_cost_report"):
        grouping = () if report.startswith("user_") else ("actor",)
        end = day + timedelta(days=1)
        known += simulator.truth_report(report, day, end, group_by=grouping)
    pattern = rf'"(?:{"|".join(names)})": "([^"]+)"'
    return {*re.findall(pattern, json.dumps(known, ensure_ascii=False))} - {NOBODY}


def found(values: Iterable[str], text: str) -> set[str]:
    """Return the values that stand in a text, in upper or lower case, maybe as JSON."""
    folded = text.casefold()
    forms = {value: (value, json.dumps(value)[1:-1]) for value in values}
    return {
        value
        for value, both in forms.items()
        if any(form.casefold() in folded for form in both)
    }
