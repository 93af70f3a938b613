"""What the marts must hold of the simulated organisation, as views of its truth."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from tests import duckdb_rows, truth
from tests.simulator import Simulator
from tests.system import warehouse
from tests.system.targets.landed import leaves_of
from tests.system.transform_data import COST_DAYS, DAYS, STREAMS
from tests.truth import Record

VIEWS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
TYPES = warehouse.DUCKDB_TYPES | {Decimal: "DECIMAL(38, 18)", date: "DATE"}

#: The measures of the two reports of spend.
SPEND = {
    "cost": {"cost_usd": "amount", "list_cost_usd": "list_amount"},
    "usage": {
        "uncached_input_tokens": "uncached_input_tokens",
        "cache_read_tokens": "cache_read_input_tokens",
        "output_tokens": "output_tokens",
        "total_tokens": "total_tokens",
        "request_count": "requests",
    },
}


def connect(simulator: Simulator) -> duckdb.DuckDBPyConnection:
    """Return a database with a view for each mart, as it must be after the last run."""
    tables: dict[str, list[Record]] = {
        stream: [
            {"__".join(path): value for path, value in leaves_of(record).items()}
            | {"date": day}
            for day in DAYS
            for record in truth.records(simulator, stream, day)
        ]
        for stream in STREAMS
    }
    tables["days"] = [{"date": day} for day in DAYS]
    tables["cost_days"] = [{"date": day} for day in COST_DAYS[:-1]]
    tables["spend"] = [*_spend(simulator)]
    connection = duckdb.connect()
    for table, rows in tables.items():
        columns = warehouse.columns_of(rows, TYPES)
        duckdb_rows.create(connection, table, columns, rows)
    connection.execute(VIEWS)
    return connection


def _spend(simulator: Simulator) -> Iterator[Record]:
    """Yield the rows of both reports, in dollars and tokens, also of nobody."""
    after = COST_DAYS[-1] + timedelta(days=1)
    for report, measures in SPEND.items():
        for row in simulator.truth_report(
            report, COST_DAYS[0], after, group_by=("actor", "product", "model")
        ):
            actor = row["group"]["actor"] or {"type": "unknown"}
            kinds = ("user_id", "service_account_id", "api_key_id", "subject")
            figures = {name: row[report][source] for name, source in measures.items()}
            if report == "cost":
                figures = {n: Decimal(cents).scaleb(-2) for n, cents in figures.items()}
            yield {
                "date": date.fromisoformat(row["starting_at"][:10]),
                "actor_type": actor["type"],
                "actor_id": next((actor[kind] for kind in kinds if kind in actor), None),
                "product": row["group"]["product"],
                "model": row["group"]["model"],
                **figures,
            }
