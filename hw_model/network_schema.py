"""What a network file holds, as a JSON Schema."""

from __future__ import annotations

from typing import Any

from hw_model.blocks import MAX_BLOCKS, MAX_CHANNELS, MAX_EXPANSION, MAX_SIZE, MAX_WINDOW
from hw_model.kinds import KINDS
from hw_model.network_file import MAX_NAME


def network_schema() -> dict[str, Any]:
    """A network file's JSON Schema (draft 2020-12)."""

    def whole(most: int) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": most}

    both = {"type": "array", "minItems": 2, "maxItems": 2, "items": whole(MAX_WINDOW)}
    size = {"oneOf": [whole(MAX_WINDOW), both]}
    name = {"type": "string", "minLength": 1, "maxLength": MAX_NAME}
    block = {
        "kind": {"enum": list(KINDS)},
        "channels": whole(MAX_CHANNELS),
        "kernel": size,
        "stride": size,
        "expansion": whole(MAX_EXPANSION),
        "residual": {"type": "boolean"},
        "activation": {"type": "boolean"},
        "repeat": whole(MAX_BLOCKS),
        "hidden": whole(MAX_CHANNELS * MAX_EXPANSION),
        "padding": {"enum": ["same", "valid"]},
        "name": name,
        "from": {"oneOf": [name, {"type": "array", "minItems": 1, "maxItems": MAX_BLOCKS, "items": name}]},
        "add": name,
    }
    entry = {"type": "object", "required": ["kind"], "additionalProperties": False, "properties": block}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A network for accelnas cost",
        "type": "object",
        "required": ["input", "blocks"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string"},
            "source": {"type": "string"},
            "input": {
                **{"type": "array", "minItems": 3, "maxItems": 3},
                "prefixItems": [whole(MAX_SIZE), whole(MAX_SIZE), whole(MAX_CHANNELS)],
            },
            "blocks": {"type": "array", "minItems": 1, "maxItems": MAX_BLOCKS, "items": entry},
        },
    }
