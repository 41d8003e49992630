"""The API's description as one page for people, made from the OpenAPI document alone.

It needs no script and nothing from the network: the machines this runs on often have none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape

from shared.platform.web.shell import OWN_TEMPLATES, asset

_JINJA = Environment(
    loader=FileSystemLoader(OWN_TEMPLATES), autoescape=select_autoescape(default=True)
)
_JINJA.globals.update(asset=asset)


@dataclass(frozen=True, slots=True)
class Answer:
    """One status an operation can answer with."""

    status: str
    description: str
    example: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing the API can do."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Mapping[str, Any], ...]
    answers: tuple[Answer, ...]


def reference_page(described: Mapping[str, Any]) -> HTMLResponse:
    """Return the page."""
    html = _JINJA.get_template("shell/reference.html").render(
        info=described["info"], operations=list(_operations(described))
    )
    return HTMLResponse(html)


def _operations(described: Mapping[str, Any]) -> Iterator[Operation]:
    schemas = described.get("components", {}).get("schemas", {})
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield Operation(
                anchor=operation["operationId"],
                method=method.upper(),
                path=path,
                summary=operation.get("summary", ""),
                description=operation.get("description", ""),
                parameters=tuple(operation.get("parameters", ())),
                answers=tuple(
                    Answer(status, answer.get("description", ""), _example(answer, schemas))
                    for status, answer in operation["responses"].items()
                ),
            )


def _example(answer: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    for content in answer.get("content", {}).values():
        if "example" in content:
            return _shown(content["example"])
        reference = content.get("schema", {}).get("$ref", "")
        examples = schemas.get(reference.rpartition("/")[2], {}).get("examples")
        if examples:
            return _shown(examples[0])
    return ""


def _shown(example: object) -> str:
    return example if isinstance(example, str) else json.dumps(example, indent=2)
