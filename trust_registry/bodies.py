"""Bodies of requests that change something, as pydantic models: one reader, and the types their members share.

The types only describe (``json_schema_extra``): the checks, with codes of their own, are where the work is done.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trust_registry import strict_json
from trust_registry.dates import DATE, TIME
from trust_registry.errors import QueryError
from trust_registry.models import THUMBPRINT
from trust_registry.vocabulary import RevocationReason

BODY_BYTES = 64 * 1024
MAX_DID_CHARS = 512

Day = Annotated[str, Field(json_schema_extra={"format": "date", "pattern": f"^{DATE.pattern}$"})]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time", "pattern": f"^{TIME.pattern}$"})]
Level = Annotated[int, Field(json_schema_extra={"minimum": 0, "maximum": 3})]
Did = Annotated[str, Field(max_length=MAX_DID_CHARS, json_schema_extra={"pattern": "^did:web:"})]
Thumbprint = Annotated[str, Field(max_length=64, json_schema_extra={"pattern": f"^{THUMBPRINT.pattern}$"})]
Why = Annotated[str, Field(json_schema_extra={"enum": [str(reason) for reason in RevocationReason]})]


class Body(BaseModel):
    """No member but those named, and no value turned into another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


def parse[Model: Body](body: bytes, model: type[Model]) -> Model:
    """The body as ``model``; `QueryError` bad_body names members, never values."""
    try:
        return model.model_validate(strict_json.loads(body, max_bytes=BODY_BYTES))
    except ValidationError as error:
        where = sorted({".".join(str(part) for part in item["loc"]) or "body" for item in error.errors()})
        raise QueryError("bad_body", f"The body cannot be used: {', '.join(where)[:200]}.") from error
    except ValueError as error:
        raise QueryError("bad_body", "The body is not JSON.") from error
