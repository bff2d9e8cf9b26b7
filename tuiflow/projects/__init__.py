"""Run the commands of a project, an MLproject folder, as tracked runs."""

from __future__ import annotations

from tuiflow.projects.download import fetch
from tuiflow.projects.launch import Launch, Outcome, create_run, execute, prepare
from tuiflow.projects.mlproject import find_entry_point, load_project
from tuiflow.projects.params import bind, parse_assignments
from tuiflow.projects.spec import EntryPoint, EnvironmentSpec, Parameter, Project

__all__ = [
    "EntryPoint",
    "EnvironmentSpec",
    "Launch",
    "Outcome",
    "Parameter",
    "Project",
    "bind",
    "create_run",
    "execute",
    "fetch",
    "find_entry_point",
    "load_project",
    "parse_assignments",
    "prepare",
]
