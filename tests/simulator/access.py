"""Who may read: keys with their scopes, and what a key is told that lacks one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .options import Options

ANALYTICS = frozenset({"read:analytics"})
ADMIN = "sk-ant-admin01-"
"""How Admin keys begin, which have no scopes; of analytics they open usage and cost."""

_BEARER = "bearer "


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key: its scopes, and whether it was made for all linked organisations."""

    text: str
    scopes: frozenset[str]
    linked: bool

    @property
    def held(self) -> str:
        """The scopes, as a refusal names them."""
        return ", ".join(sorted(self.scopes)) or "none"


class Keys:
    """The keys of the organisation."""

    def __init__(self, options: Options) -> None:
        """Make the key that the options name."""
        self._keys: dict[str, Key] = {}
        self.grant(options.api_key, *options.scopes.split(), linked=options.linked)

    def grant(self, text: str, *scopes: str, linked: bool = True) -> None:
        """Make a key, or give it other scopes."""
        self._keys[text] = Key(text=text, scopes=frozenset(scopes), linked=linked)

    def check(
        self,
        headers: Mapping[str, str],
        needed: Collection[str] = ANALYTICS,
        *,
        refusal: int = 404,
        admin: bool = False,
    ) -> Key:
        """Find the key, taken from `x-api-key` or else from a bearer token.

        Args:
            headers: Of the request, in lower case.
            needed: The scopes of which one is enough.
            refusal: The status that strangers get; with 404 the endpoint hides from them.
            admin: Whether an Admin key of the organisation will do.

        Raises:
            ApiError: There is no such key, or it has none of the scopes.
        """
        authorization = headers.get("authorization", "")
        bearer = authorization.lower().startswith(_BEARER)
        text = headers.get("x-api-key", authorization[len(_BEARER) :] if bearer else "")
        key = self._keys.get(text)
        if key is None and not text.startswith(ADMIN):
            message = "Not found" if refusal == 404 else "invalid x-api-key"
            raise ApiError(refusal, message)
        if key is None or text.startswith(ADMIN):
            if key is not None and admin:
                return key
            message = "this key holds the scopes of an Admin key; "
            raise ApiError(403, message + _needed(needed))
        if key.scopes.isdisjoint(needed):
            message = f"this key holds the scopes: {key.held}; {_needed(needed)}"
            raise ApiError(403, message)
        return key


def _needed(scopes: Collection[str]) -> str:
    return f"needed is {' or '.join(sorted(scopes))}"
