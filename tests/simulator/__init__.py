"""The Claude Enterprise Analytics API of an invented organisation, over real HTTP."""

from .endpoints import BASE_PATH, ENDPOINTS, Endpoint
from .options import FLOOR, Options
from .simulation import Simulator
from .traffic import Request

__all__ = [
    "BASE_PATH",
    "ENDPOINTS",
    "FLOOR",
    "Endpoint",
    "Options",
    "Request",
    "Simulator",
]
