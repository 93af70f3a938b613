"""Reproducible randomness: figures hang on names and days, not on earlier questions."""

import random
from hashlib import blake2b

_ALPHABET = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# What each byte becomes in an identifier.
_SPELT = bytes(_ALPHABET[die % len(_ALPHABET)] for die in range(256))


def digest(*parts: object, size: int = 16) -> bytes:
    """Hash the parts; the same in every process, unlike `hash()`."""
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=size).digest()


def number(*parts: object) -> int:
    """Give a stable number of 64 bits."""
    return int.from_bytes(digest(*parts, size=8), "big")


def tagged_id(tag: str, *parts: object) -> str:
    """Make an identifier in the style of the API, such as `user_01...`."""
    dice = digest(tag, *parts, size=22)
    return f"{tag}_01{dice.translate(_SPELT).decode()}"


class Draw:
    """Counts of one entity on one day, small ones more often than large ones."""

    __slots__ = ("blind", "fraction")

    def __init__(self, *parts: object, blind: bool = False) -> None:
        """Start from the parts; a blind draw cannot tell distinct counts."""
        self.fraction = random.Random(number(*parts)).random
        self.blind = blind

    def upto(self, most: int) -> int:
        """Draw a count from 0 to `most`."""
        value = self.fraction()
        return int(value * value * (most + 1))

    def some(self, most: int) -> int:
        """Draw a count that is 0 only when there is nothing to draw from."""
        return 1 + self.upto(most - 1) if most else 0

    def distinct(self, most: int) -> int | None:
        """Draw a count that a blind draw does not know."""
        return None if self.blind else self.some(most)
