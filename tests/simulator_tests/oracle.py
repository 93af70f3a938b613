"""What the typed models of the official package say of fields, values and parameters."""

from __future__ import annotations

import types
import typing
from typing import TYPE_CHECKING, Literal, Union, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator


def checked(value: object, at: str = "") -> Iterator[tuple[str, str]]:
    """Tell of every field whether it is null; refuse unknown and missing ones."""
    if isinstance(value, list):
        for entry in value:
            yield from checked(entry, at)
    elif isinstance(value, BaseModel):
        model = type(value)
        assert not value.model_extra, f"unknown below {at!r}: {value.model_extra}"
        missing = model.model_fields.keys() - value.model_fields_set
        assert not missing, f"missing below {at!r}: {sorted(missing)}"
        for name in model.model_fields:
            inner = getattr(value, name)
            yield f"{at}{name}", "null" if inner is None else "value"
            yield from checked(inner, f"{at}{name}.")


def expected(model: type[BaseModel], at: str = "") -> Iterator[tuple[str, str]]:
    """List every field of a model and those below it, with null where it may be."""
    for name, field in model.model_fields.items():
        yield f"{at}{name}", "value"
        kinds = alternatives(field.annotation)
        if type(None) in kinds:
            yield f"{at}{name}", "null"
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from expected(kind, f"{at}{name}.")


def alternatives(annotation: object) -> list[object]:
    """Take unions, lists and annotations apart."""
    if get_origin(annotation) in {Union, types.UnionType, list, typing.Annotated}:
        return [kind for part in get_args(annotation) for kind in alternatives(part)]
    return [annotation]


def literals(annotation: object) -> set[str]:
    """Find the values that an annotation allows."""
    if get_origin(annotation) is Literal:
        return set(get_args(annotation))
    return {value for part in get_args(annotation) for value in literals(part)}


def is_list(hint: object) -> bool:
    """Tell whether a parameter is repeated."""
    return any(word in str(hint) for word in ("List[", "Sequence"))
