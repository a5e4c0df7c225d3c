"""422 in words, without the caller's own input: half a character in it would become a 500."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse


def add_refusals(app: FastAPI) -> None:
    """What was wrong, and where; the shape of FastAPI's own answer."""

    @app.exception_handler(RequestValidationError)
    def refuse(_: Request, error: RequestValidationError) -> JSONResponse:
        # A place may hold the name of a field that the caller made up.
        detail = [
            {
                "type": found["type"],
                "loc": [ascii(p)[1:-1] if isinstance(p, str) else p for p in found["loc"]],
                "msg": found["msg"],
            }
            for found in error.errors()
        ]
        return JSONResponse({"detail": detail}, 422)
