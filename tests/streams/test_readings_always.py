"""A day without a reading has not been read, so no selection leaves readings out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.singer import catalog_of, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator import Simulator

Catalog = dict[str, Any]


def _leave_out(catalog: Catalog) -> None:
    catalog["streams"] = [e for e in catalog["streams"] if e["stream"] == "skills"]


def _deselect_fields(catalog: Catalog) -> None:
    (entry,) = [e for e in catalog["streams"] if e["stream"] == "readings"]
    for metadata in entry["metadata"]:
        metadata["metadata"]["selected"] = False


@pytest.mark.parametrize("change", [lambda _: None, _leave_out, _deselect_fields])
def test_any_selection(simulator: Simulator, change: Callable[[Catalog], None]) -> None:
    """The schema and one whole record per day are there, maps and all."""
    catalog = catalog_of("skills")
    change(catalog)
    maps = {"*": {"tenant": "'acme'"}}
    output = run(simulator, catalog=catalog, stream_maps=maps)
    whole = run(simulator, "skills", "readings", stream_maps=maps)
    assert output.read_days("skills") == whole.read_days("skills")
    for record, expected in zip(
        output.records("readings"), whole.records("readings"), strict=True
    ):
        assert {**record, "snapshot_at": None} == {**expected, "snapshot_at": None}
    schemas = [m for m in output.messages if m["type"] == "SCHEMA"]
    assert schemas == [m for m in whole.messages if m["type"] == "SCHEMA"]
