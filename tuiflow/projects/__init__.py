"""Run the commands of a project, an MLproject folder, as tracked runs."""

from __future__ import annotations

from tuiflow.projects.download import fetch
from tuiflow.projects.execute import Outcome, execute
from tuiflow.projects.launch import Launch
from tuiflow.projects.plan import Plan, check_backend, planned
from tuiflow.projects.record import Target, record_run
from tuiflow.projects.request import Request
from tuiflow.projects.rerun import again, command_of, record_command, request_of
from tuiflow.projects.spec import EntryPoint, EnvironmentSpec, Parameter, Project
from tuiflow.projects.submit import SubmittedRun, run

__all__ = [
    "EntryPoint",
    "EnvironmentSpec",
    "Launch",
    "Outcome",
    "Parameter",
    "Plan",
    "Project",
    "Request",
    "SubmittedRun",
    "Target",
    "again",
    "check_backend",
    "command_of",
    "execute",
    "fetch",
    "planned",
    "record_command",
    "record_run",
    "request_of",
    "run",
]
