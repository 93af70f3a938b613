"""The environment variables of a command in the sandbox."""

from __future__ import annotations

import os
import sysconfig
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from pathlib import Path

# The caller's own settings stay outside, or a sandbox would not be the same twice.
FOREIGN = ("TAP_CLAUDE_ANALYTICS_", "TARGET_", "MELTANO_", "DBT_")

# Nothing listens there, so whatever asks Meltano's hub fails at once.
NO_HUB = "http://127.0.0.1:9"


def build_environment(
    *, api_url: str, api_key: str, database_url: str, folder: Path
) -> dict[str, str]:
    """Lists the caller's variables but for settings of the tap, the targets and Meltano.

    With these go those of the sandbox: where the simulator and the database are, and the
    folder that Meltano keeps the state of its runs in.
    """
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)
    }
    programs = [sysconfig.get_path("scripts"), inherited.get("PATH", os.defpath)]
    return {
        **inherited,
        "PATH": os.pathsep.join(programs),
        "TAP_CLAUDE_ANALYTICS_API_URL": api_url,
        "TAP_CLAUDE_ANALYTICS_API_KEY": api_key,
        # The simulator grants as many as one likes.
        "TAP_CLAUDE_ANALYTICS_REQUESTS_PER_MINUTE": "10000",
        # Meltano would not notice that the tap in the checkout has a new schema.
        "TAP_CLAUDE_ANALYTICS__USE_CACHED_CATALOG": "false",
        "TARGET_POSTGRES_SQLALCHEMY_URL": database_url,
        # An empty database goes with an empty memory of what was loaded into it.
        "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
        # Without one, Meltano makes one up and writes it into meltano.yml.
        "MELTANO_PROJECT_ID": "00000000-0000-0000-0000-000000000000",
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
        "MELTANO_CLI_LOG_FORMAT": "uncolored",
        "MELTANO_HUB_URL": NO_HUB,
        "NO_COLOR": "1",
        **_dbt(database_url),
    }


def _dbt(database_url: str) -> dict[str, str]:
    """Where dbt finds the database, as `transform/profiles.yml` reads it."""
    server = conninfo_to_dict(database_url.replace("+psycopg", ""))
    return {
        "DBT_POSTGRES_HOST": str(server["host"]),
        "DBT_POSTGRES_PORT": str(server.get("port", 5432)),
        "DBT_POSTGRES_USER": str(server["user"]),
        "DBT_POSTGRES_PASSWORD": str(server.get("password", "")),
        "DBT_POSTGRES_DATABASE": str(server["dbname"]),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
