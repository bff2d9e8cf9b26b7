"""Run the commands of a project, an MLproject folder, as tracked runs."""

from __future__ import annotations

from tuiflow.projects.execute import Outcome, execute
from tuiflow.projects.plan import Plan, check_backend, planned
from tuiflow.projects.record import Target, record_run
from tuiflow.projects.request import Request
from tuiflow.projects.spec import EntryPoint, EnvironmentSpec, Parameter, Project

__all__ = [
    "EntryPoint",
    "EnvironmentSpec",
    "Outcome",
    "Parameter",
    "Plan",
    "Project",
    "Request",
    "Target",
    "check_backend",
    "execute",
    "planned",
    "record_run",
]
