"""The JSON Schemas of the files, made from the models that read and write them."""

from typing import Any

from pydantic import BaseModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Draft 2020-12, of what may be written into the file."""
    return {"$schema": DIALECT, **model.model_json_schema(mode="validation")}
