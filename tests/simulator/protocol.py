"""What all endpoints share: refusals, keys, the rules of parameters, and pages."""

import base64
import binascii
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, NoReturn, TypeVar

from .options import Options
from .randomness import digest, number
from .traffic import Answer, as_bytes

Parameters = Mapping[str, Sequence[str]]


_Row = TypeVar("_Row")

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    410: "invalid_request_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_ANALYTICS = frozenset({"read:analytics"})
_MAX_ENTRIES = 100


@dataclass(eq=False)
class ApiError(Exception):
    """A refusal: its status, its sentence, and sometimes a code or headers."""

    status: int
    message: str
    code: str | None = None
    headers: Mapping[str, str] | None = None

    def answer(self, request_id: str) -> Answer:
        """Write the refusal; a code is where the official package looks for it."""
        kind = _TYPES.get(self.status, "api_error")
        details = {"details": {"error_code": self.code}} if self.code else {}
        body = {
            "type": "error",
            "error": {"type": kind, "message": self.message, **details},
            "request_id": request_id,
        }
        return Answer(status=self.status, body=as_bytes(body), headers=self.headers or {})


def refuse(message: str, status: int = 400) -> NoReturn:
    """Refuse a request, by default for a wrong parameter."""
    raise ApiError(status, message)


class Key(NamedTuple):
    """What a key opens, and whether it was made for all linked organisations."""

    scopes: frozenset[str]
    linked: bool


class Keys:
    """The keys of the organisation."""

    def __init__(self, options: Options) -> None:
        """Make the key that the options name."""
        self._keys: dict[str, Key] = {}
        self.grant(options.api_key, *options.scopes.split())

    def grant(self, text: str, *scopes: str, linked: bool = True) -> None:
        """Make a key, or give it other scopes."""
        self._keys[text] = Key(frozenset(scopes), linked)

    def check(
        self,
        headers: Mapping[str, str],
        needed: Collection[str] = _ANALYTICS,
        *,
        refusal: int = 404,
    ) -> Key:
        """Find the key of a request and check that it opens the endpoint.

        Args:
            headers: With the key in `x-api-key`, or else as a bearer token.
            needed: The scopes of which one is enough.
            refusal: The status for strangers; with 404 the endpoint hides from them.
        """
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        key = self._keys.get(headers.get("x-api-key", bearer))
        if key is None:
            refuse("Not found" if refusal == 404 else "invalid x-api-key", refusal)
        if key.scopes.isdisjoint(needed):
            held, wanted = ", ".join(sorted(key.scopes)), " or ".join(sorted(needed))
            refuse(f"this key holds the scopes: {held}; needed is {wanted}", 403)
        return key


def read_scalars(parameters: Parameters, known: Collection[str]) -> dict[str, str]:
    """Give the parameters that have one value, once all names are checked."""
    for name, values in parameters.items():
        if name not in known:
            refuse(f"{name}: unknown; known are {', '.join(sorted(known))}")
        if not name.endswith("[]") and len(values) > 1:
            refuse(f"{name}: given {len(values)} times")
    return {name: values[0] for name, values in parameters.items() if name[-2:] != "[]"}


def read_limit(scalars: Mapping[str, str], default: int, most: int = 1000) -> int:
    """Read how long a page is."""
    text = scalars.get("limit", str(default))
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= most:
        refuse(f"limit: must be from 1 to {most}, got {text!r}")
    return int(text)


def check_one_of(about: str, value: str, allowed: Collection[str]) -> None:
    """Check a value that has to be one of several."""
    if value not in allowed:
        refuse(f"{about} {value!r} is not one of {', '.join(sorted(allowed))}")


def check_entries(name: str, values: Sequence[str]) -> None:
    """Check how many entries a list has."""
    if len(values) > _MAX_ENTRIES:
        refuse(f"{name}: at most {_MAX_ENTRIES} entries, got {len(values)}")


def turn_to(
    options: Options,
    rows: list[_Row],
    limit: int | None,
    asked: tuple[str, Parameters],
    days: Sequence[object],
) -> tuple[list[_Row], bool, str]:
    """Give the page that an endpoint's parameters are about; one may be empty.

    Returns:
        The rows, whether others follow, and the cursor of the next page or else of this.
        Each cursor belongs to one set of parameters, and without a limit to none.
    """
    endpoint, parameters = asked
    pages = [rows]
    if limit is not None:
        pages = [rows[at : at + limit] for at in range(0, len(rows), limit)] or [[]]
        if every := options.empty_page_every:
            dice = number(options.seed, "empty page", endpoint, *days)
            if dice % every == 0:
                pages.insert(dice // every % (len(pages) + 1), [])
    others = sorted(
        (name, list(values)) for name, values in parameters.items() if name != "page"
    )
    question = digest(endpoint, json.dumps(others)).hex()
    cursors = parameters.get("page")
    place = _read_cursor(cursors[0], question, len(pages)) if cursors else 0
    more = place + 1 < len(pages)
    cursor = base64.urlsafe_b64encode(json.dumps([question, place + more]).encode())
    return pages[place], more, cursor.decode().rstrip("=")


def _read_cursor(cursor: str, question: str, pages: int) -> int:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        owner, page = json.loads(base64.urlsafe_b64decode(padded))
    except (binascii.Error, ValueError, TypeError):
        refuse("page: not a cursor")
    if owner != question or page not in range(pages):
        refuse("page: this cursor does not belong to these parameters")
    return int(page)
