"""The Claude Enterprise Analytics API of an invented organisation, over real HTTP."""

from .data import Row
from .endpoints import BASE_PATH, ENDPOINTS, Endpoint
from .faults import FAULTS
from .options import FLOOR, Options
from .organization.catalog import RESOURCES, Resource
from .reports.facts import Fact
from .reports.questions import BETA_HEADER, REPORTS, Report
from .simulation import Simulator
from .traffic import Fault, Request

__all__ = [
    "BASE_PATH",
    "BETA_HEADER",
    "ENDPOINTS",
    "FAULTS",
    "FLOOR",
    "REPORTS",
    "RESOURCES",
    "Endpoint",
    "Fact",
    "Fault",
    "Options",
    "Report",
    "Request",
    "Resource",
    "Row",
    "Simulator",
]
