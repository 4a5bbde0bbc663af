"""ProblemError: every "no" of the API, as {error: {type, code, message, param}} with its HTTP status."""

from enum import StrEnum
from http import HTTPStatus

import orjson


class ErrorType(StrEnum):
    """What kind of thing went wrong, so that a client can branch without reading the code."""

    INVALID_REQUEST = "invalid_request_error"
    AUTHENTICATION = "authentication_error"
    IDEMPOTENCY = "idempotency_error"
    CARD = "card_error"
    API = "api_error"


class ProblemError(Exception):
    """One refusal or failure, ready to be sent."""

    def __init__(
        self, status: HTTPStatus, error_type: ErrorType, code: str, message: str, *, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = int(status)
        self.code = code
        self.error = {"type": error_type, "code": code, "message": message, "param": param}

    def body(self) -> bytes:
        """Write the error as the API's JSON."""
        return orjson.dumps({"error": self.error})


def invalid(code: str, message: str, *, param: str | None = None) -> ProblemError:
    """400: the request itself is wrong; the same request never succeeds."""
    return ProblemError(HTTPStatus.BAD_REQUEST, ErrorType.INVALID_REQUEST, code, message, param=param)


def not_found(code: str, message: str, *, param: str | None = None) -> ProblemError:
    """404: the id names nothing we know."""
    return ProblemError(HTTPStatus.NOT_FOUND, ErrorType.INVALID_REQUEST, code, message, param=param)


def conflict(code: str, message: str, *, param: str | None = None) -> ProblemError:
    """409: the request is well formed, but the state of what it names forbids it."""
    return ProblemError(HTTPStatus.CONFLICT, ErrorType.INVALID_REQUEST, code, message, param=param)


def card_problem(code: str, message: str, *, param: str | None = None) -> ProblemError:
    """402: the card was read, and refused."""
    return ProblemError(HTTPStatus.PAYMENT_REQUIRED, ErrorType.CARD, code, message, param=param)


def unauthenticated() -> ProblemError:
    """401: no bearer key, or not ours."""
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        ErrorType.AUTHENTICATION,
        "invalid_api_key",
        "Send the API key as `Authorization: Bearer KEY`.",
    )


def key_reused() -> ProblemError:
    """409: an idempotency key came again with other contents."""
    return ProblemError(
        HTTPStatus.CONFLICT,
        ErrorType.IDEMPOTENCY,
        "idempotency_key_reused",
        "This idempotency key was used for another operation or other contents. Use a new key for a new operation.",
        param="idempotency_key",
    )


def internal_fault() -> ProblemError:
    """500, by test card or by armed fault: nothing was done, the same key may be sent again."""
    return ProblemError(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        ErrorType.API,
        "processing_error",
        "The network failed before it did anything. Send the same request with the same key again.",
    )


def outcome_unknown() -> ProblemError:
    """504: the answer is withheld; only a status query by key can tell what happened."""
    return ProblemError(
        HTTPStatus.GATEWAY_TIMEOUT,
        ErrorType.API,
        "outcome_unknown",
        "No answer came in time. Ask GET /v1/operations with the key before you send anything again.",
    )
