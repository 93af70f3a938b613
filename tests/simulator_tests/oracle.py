"""What the official package says of rows, and what its models say of fields and values."""

import json
import types
import typing
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Literal, Union, get_args, get_origin

import anthropic
from pydantic import BaseModel, TypeAdapter

from tests.simulator_tests.asking import next_of

Always = Callable[[type[BaseModel]], set[str]]


def judged_rows(
    client: anthropic.Anthropic, path: str, *place: str, **question: Any
) -> Iterator[tuple[BaseModel, dict[str, Any]]]:
    """Give each row as the official client has it, checked strictly, and as it came."""
    resource = attrgetter(path)(client)
    cursor: dict[str, str] = {}
    while True:
        answer = resource.with_raw_response.list(*place, **question, **cursor)
        page, raw = answer.parse(), json.loads(answer.read())
        # Nothing is beside the rows that the client does not know.
        assert raw.keys() <= type(page).model_fields.keys()
        for typed, row in zip(page.data, raw["data"], strict=True):
            model = TypeAdapter(type(typed))
            assert model.validate_json(json.dumps(row), strict=True) == typed
            yield typed, row
        cursor = next_of(raw)
        assert page.has_next_page() is bool(cursor)
        if not cursor:
            return
        assert page.next_page_info().params == cursor


def all_fields(model: type[BaseModel]) -> set[str]:
    """Name all fields of a model: of most, all are there, if only with null."""
    return set(model.model_fields)


def checked(
    value: object, at: str = "", always: Always = all_fields
) -> Iterator[tuple[str, str]]:
    """Tell of every field whether it is null or absent; refuse unknown and missing ones."""
    if isinstance(value, list):
        for entry in value:
            yield from checked(entry, at, always)
    elif isinstance(value, BaseModel):
        assert not value.model_extra, f"unknown below {at!r}: {value.model_extra}"
        missing = always(type(value)) - value.model_fields_set
        assert not missing, f"missing below {at!r}: {sorted(missing)}"
        for name in type(value).model_fields:
            inner = getattr(value, name)
            way = "value" if inner is not None else "null"
            yield f"{at}{name}", way if name in value.model_fields_set else "absent"
            yield from checked(inner, f"{at}{name}.", always)


def expected(
    model: type[BaseModel], at: str = "", always: Always = all_fields
) -> Iterator[tuple[str, str]]:
    """List every field of a model and those below it, in all ways that it may be."""
    for name, field in model.model_fields.items():
        yield f"{at}{name}", "value"
        kinds = alternatives(field.annotation)
        if type(None) in kinds:
            yield f"{at}{name}", "null"
        if name not in always(model):
            yield f"{at}{name}", "absent"
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from expected(kind, f"{at}{name}.", always)


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


def model_of(client: anthropic.Anthropic, path: str) -> type[BaseModel]:
    """Find the model of the rows that are listed there."""
    page = typing.get_type_hints(attrgetter(path)(client).list)["return"]
    (model,) = get_args(page.model_fields["data"].annotation)
    found: type[BaseModel] = model
    return found


def on_the_wire(client: anthropic.Anthropic, path: str) -> dict[str, object]:
    """Give the types of parameters by the names that are sent: lists have brackets."""
    hints = typing.get_type_hints(attrgetter(path)(client).list)
    return {
        name + "[]" * any(word in str(hint) for word in ("List[", "Sequence")): hint
        for name, hint in hints.items()
        if name not in {"return", "timeout", "betas"} and not name.startswith("extra_")
    }
