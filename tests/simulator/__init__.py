"""The Claude Enterprise Analytics API of an invented organisation, over real HTTP."""

from .endpoints import BASE_PATH, ENDPOINTS, Endpoint
from .faults import FAULTS, REFUSALS, Fault, Kind
from .options import FLOOR, Options
from .organization.catalog import ORGANIZATION_PATH, RESOURCES, Resource
from .reports.catalog import BETA_HEADER, REPORTS, Report
from .reports.facts import Charge, Fact
from .server import RefusingProxy
from .simulation import Simulator
from .traffic import Request

__all__ = [
    "BASE_PATH",
    "BETA_HEADER",
    "ENDPOINTS",
    "FAULTS",
    "FLOOR",
    "ORGANIZATION_PATH",
    "REFUSALS",
    "REPORTS",
    "RESOURCES",
    "Charge",
    "Endpoint",
    "Fact",
    "Fault",
    "Kind",
    "Options",
    "RefusingProxy",
    "Report",
    "Request",
    "Resource",
    "Simulator",
]
