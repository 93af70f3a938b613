"""The Claude Enterprise Analytics API of an invented organisation, over real HTTP."""

from .endpoints import BASE_PATH, ENDPOINTS, Endpoint
from .faults import FAULTS, Fault, Kind
from .options import FLOOR, Options
from .reports.catalog import BETA_HEADER, REPORTS, Report
from .reports.facts import Charge, Fact
from .simulation import Simulator
from .traffic import Request

__all__ = [
    "BASE_PATH",
    "BETA_HEADER",
    "ENDPOINTS",
    "FAULTS",
    "FLOOR",
    "REPORTS",
    "Charge",
    "Endpoint",
    "Fact",
    "Fault",
    "Kind",
    "Options",
    "Report",
    "Request",
    "Simulator",
]
