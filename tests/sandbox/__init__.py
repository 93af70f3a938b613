"""The tap's world on one machine: a simulated API, a real PostgreSQL, any command.

`python -m tests.sandbox COMMAND` runs a command there. As a library:

    with Sandbox(Options(users=10)) as box:
        box.run(["meltano", "run", "tap-claude-analytics", "target-postgres"])
        box.query("select count(*) from tap_claude_analytics.skills")

Everything is fresh, nothing outlives the `with`, and nothing of the caller's own
settings for the tap, the targets or Meltano gets in.
"""

from tests.sandbox.sandbox import Sandbox

__all__ = ["Sandbox"]
