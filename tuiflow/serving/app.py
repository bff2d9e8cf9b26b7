"""The Flask application that scores one loaded model. Knows neither runs nor processes."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import orjson
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

import tuiflow
from tuiflow.errors import InvalidInput, ModelError, TuiflowError
from tuiflow.models.datatypes import AnyType
from tuiflow.models.schema import ColSpec, Schema
from tuiflow.serving.answers import encode
from tuiflow.serving.journal import Journal
from tuiflow.serving.mistakes import RequestError
from tuiflow.serving.protocol import JSON, Style, parse_request
from tuiflow.serving.traffic import Traffic

if TYPE_CHECKING:
    from tuiflow.models import ModelSignature

MAX_BODY = 64 * 1024 * 1024
STATS_PATH = "/tuiflow/stats"

_PIECE = 1024 * 1024
# Read and thrown away after a refusal, so that the client gets to read the answer.
_DRAINED = 512 * 1024 * 1024
_LONGEST = 2000
# A model that calls sys.exit() must not end the server.
_FAILURES = (Exception, SystemExit, KeyboardInterrupt)
_CODES = {404: "ENDPOINT_NOT_FOUND", 500: "INTERNAL_ERROR"}


class Model(Protocol):
    """What is asked of a model: `tuiflow.models.pyfunc.PyFuncModel` has it."""

    @property
    def signature(self) -> ModelSignature | None: ...

    @property
    def column_names(self) -> tuple[str, ...] | None: ...

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any: ...


def create_app(
    model: Model,
    *,
    traffic: Traffic | None = None,
    journal: Journal | None = None,
    max_body: int = MAX_BODY,
) -> Flask:
    """The application for one model; safe to call from several threads where the model is.

    `traffic` counts the scoring requests, `journal` takes a line for each request (answered
    health checks left out) and the tracebacks. Bodies above `max_body` bytes are refused (413).
    """
    app = Flask("tuiflow", static_folder=None)
    counts = traffic or Traffic()
    schema = input_schema(model)

    @app.post("/invocations")
    def invocations() -> Response:
        if (encoding := request.headers.get("Content-Encoding", "identity")) != "identity":
            raise RequestError(f"Content-Encoding {encoding} is not served; send it plain.", 415)
        asked = parse_request(_body(max_body), request.headers.get("Content-Type"), schema)
        try:
            predictions = model.predict(asked.data, asked.params)
            return Response(encode(predictions, asked.style), mimetype=JSON)
        except (InvalidInput, ModelError) as error:
            if error.__cause__ is not None and journal:
                journal.trace()
            raise RequestError(error.message, error_code=error.error_code) from error
        except _FAILURES as error:
            if journal:
                journal.trace()
            raise RequestError(
                f"The model failed on this input: {type(error).__name__}: {error}"[:_LONGEST]
            ) from error

    @app.get("/ping")
    @app.get("/health")
    def health() -> Response:
        return Response(b"\n", mimetype=JSON)

    @app.get("/version")
    def version() -> Response:
        return Response(tuiflow.__version__, mimetype="text/plain")

    @app.get(STATS_PATH)
    def stats() -> Response:
        return Response(orjson.dumps(counts.as_json()), mimetype=JSON)

    @app.errorhandler(TuiflowError)
    def on_mistake(error: TuiflowError) -> Response:
        status = error.status if isinstance(error, RequestError) else 500
        return _refusal(status, error.error_code, error.message)

    @app.errorhandler(HTTPException)
    def on_http_error(error: HTTPException) -> Response:
        status = error.code or 500
        message = {
            404: f"There is nothing at {request.path}; POST to /invocations.",
            405: f"{request.path} is not for {request.method}.",
        }.get(status, error.description or error.name)
        answer = _refusal(status, _CODES.get(status, "BAD_REQUEST"), message)
        for name, value in error.get_headers():
            if name.lower() == "allow":
                answer.headers[name] = value
        return answer

    @app.errorhandler(Exception)
    def on_bug(error: Exception) -> Response:
        if journal:
            journal.trace()
        message = f"The server failed: {type(error).__name__}. Its log says where."
        return _refusal(500, "INTERNAL_ERROR", message)

    @app.before_request
    def begin() -> None:
        g.scoring = request.path == "/invocations"
        g.begun = counts.begin(scoring=g.scoring)

    @app.after_request
    def end(response: Response) -> Response:
        milliseconds = counts.end(g.begun, response.status_code, scoring=g.scoring)
        if journal and (g.scoring or response.status_code != 200):
            what = f"{request.method} {request.path[:200]}"
            journal.line(f"{what} {response.status_code} {milliseconds:.1f} ms")
        return response

    return app


def warm_up(model: Model, request_body: Mapping[str, Any] | None) -> str | None:
    """Predict an example once, so that the first real request finds everything imported.

    `request_body` is a request to `/invocations` as JSON values. Returns why it failed, or None.
    """
    importlib.import_module("pandas")
    if request_body is None:
        return None
    try:
        asked = parse_request(orjson.dumps(request_body), JSON, input_schema(model))
        encode(model.predict(asked.data, asked.params), Style.WRAPPED)
    except _FAILURES as error:
        return f"{type(error).__name__}: {error}"
    return None


def input_schema(model: Model) -> Schema | None:
    """The model's input schema; without one, the columns it was fitted with, of any type."""
    if model.signature is not None and model.signature.inputs is not None:
        return model.signature.inputs
    if model.column_names:
        return Schema([ColSpec(AnyType(), name) for name in model.column_names])
    return None


def _body(limit: int) -> bytes:
    """The request's body. Raises RequestError with status 413 where it is larger than `limit`."""
    declared = request.content_length
    pieces: list[bytes] = []
    size = 0
    if declared is None or declared <= limit:
        # Piece by piece: a chunked body's length is not known before.
        while piece := _read():
            size += len(piece)
            if size > limit:
                break
            pieces.append(piece)
        else:
            return b"".join(pieces)
    while size < _DRAINED and (piece := _read()):
        size += len(piece)
    raise RequestError(
        f"The body is larger than the {limit // 1024 // 1024} MiB that are served; send fewer rows"
        " at a time.",
        413,
    )


def _read() -> bytes:
    try:
        return request.stream.read(_PIECE)
    except ValueError as error:  # a negative length, a malformed chunk
        raise RequestError(f"The body can't be read: {error}.") from None


def _refusal(status: int, code: str, message: str) -> Response:
    body = orjson.dumps(
        {"error_code": code, "message": message.encode("utf-8", "replace").decode()}
    )
    return Response(body, status, mimetype=JSON)
