"""Score a file with a model, read and answered as a server would, without one."""

from __future__ import annotations

from pathlib import Path

from tuiflow.errors import InvalidInput
from tuiflow.serving.mistakes import RequestError


def score(folder: Path, body: bytes, content_type: str) -> bytes:
    """The predictions, as JSON, of the model in `folder` for a request body.

    Raises InvalidInput for a body that can't be read or doesn't fit the signature, ModelError.
    """
    from tuiflow.models.pyfunc import load
    from tuiflow.serving.answers import encode
    from tuiflow.serving.app import input_schema
    from tuiflow.serving.protocol import parse_request

    model = load(folder)
    try:
        asked = parse_request(body, content_type, input_schema(model))
    except RequestError as error:
        raise InvalidInput(error.message) from error
    return encode(model.predict(asked.data, asked.params), asked.style)
