"""The published facts beside the project: recordings, the OpenAPI document, a models list."""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "openrouter"


def needs_published_facts() -> None:
    """Skip the module where the folder is absent."""
    if not FOLDER.is_dir():
        reason = "the folder ../shared/openrouter with the published facts is not here"
        pytest.skip(reason, allow_module_level=True)


@cache
def openapi() -> dict[str, Any]:
    """The OpenAPI document."""
    loaded = yaml.load((FOLDER / "openapi.yaml").read_bytes(), yaml.CSafeLoader)
    assert isinstance(loaded, dict)
    return loaded


def recordings() -> list[tuple[str, dict[str, Any]]]:
    """Every recorded exchange with a name."""
    found = []
    for path in sorted((FOLDER / "recordings").glob("*.yaml")):
        exchanges = yaml.load(path.read_bytes(), yaml.CSafeLoader)["interactions"]
        found += [(f"{path.stem}-{number}", each) for number, each in enumerate(exchanges)]
    return found


def response_examples() -> list[tuple[str, str, str, str, Any]]:
    """Path, status, content type, name and value of every response example."""
    found = []
    for path, methods in openapi()["paths"].items():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                for kind, content in response.get("content", {}).items():
                    for name, value in _examples(content):
                        found.append((path, status, kind, name, value))
    return found


def _examples(content: dict[str, Any]) -> list[tuple[str, Any]]:
    several = content.get("examples", {})
    examples = [(name, each["value"]) for name, each in several.items()]
    return examples + ([("example", content["example"])] if "example" in content else [])


def strict_schema(name: str) -> dict[str, Any]:
    """A component's schema with the whole document's components to refer to.

    The published request schema leaves the request open; here an unknown field is an error.
    """
    components = copy.deepcopy(openapi()["components"])
    schema = components["schemas"][name]
    schema["additionalProperties"] = False
    return {"$ref": f"#/components/schemas/{name}", "components": components}
