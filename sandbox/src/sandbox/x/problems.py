"""Problems: the ways X says no, shaped as RFC 7807 the way X sends them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_TYPES = "https://api.x.com/2/problems/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One "no": an HTTP status, X's problem kind (the last segment of `type`), and sentences for people."""

    status: int
    title: str
    detail: str
    kind: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Write it as X's body; a problem without a kind of its own is `about:blank`."""
        kind = _TYPES + self.kind if self.kind else "about:blank"
        return {"title": self.title, "detail": self.detail, "type": kind, "status": self.status, **self.facts}


class ProblemError(Exception):
    """Carries a problem to the edge, where it becomes the answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def unauthorized() -> ProblemError:
    """Say that there is no token, a wrong one, or one that has ended."""
    return ProblemError(Problem(status=401, title="Unauthorized", detail="Unauthorized"))


def forbidden(detail: str) -> ProblemError:
    """Say that the caller is known and may not do this."""
    return ProblemError(Problem(status=403, title="Forbidden", detail=detail))


def unsupported_authentication(needed: str) -> ProblemError:
    """Say that the token is good but of the wrong sort for this endpoint."""
    detail = f"Authenticating with this token is forbidden for this endpoint. Supported authentication: [{needed}]."
    return ProblemError(
        Problem(status=403, title="Unsupported Authentication", detail=detail, kind="unsupported-authentication")
    )


def invalid_request(message: str, *, parameters: Mapping[str, object] | None = None) -> ProblemError:
    """Say that the request does not fit the schema; X names what is wrong in `errors`."""
    detail = "One or more parameters to your request was invalid."
    facts = {"errors": [{"message": message, "parameters": dict(parameters or {})}]}
    return ProblemError(
        Problem(status=400, title="Invalid Request", detail=detail, kind="invalid-request", facts=facts)
    )


def client_not_enrolled(detail: str) -> ProblemError:
    """Say that the tier does not include what was asked for."""
    return ProblemError(Problem(status=403, title="Client Forbidden", detail=detail, kind="client-forbidden"))


def missing(resource: str, value: str) -> Problem:
    """Say that nothing is there; X answers reads with status 200 and this inside `errors`."""
    detail = f"Could not find {resource} with id: [{value}]."
    return Problem(
        status=404,
        title="Not Found Error",
        detail=detail,
        kind="resource-not-found",
        facts={"resource_type": resource, "resource_id": value, "value": value},
    )


def hidden(resource: str, value: str) -> Problem:
    """Say that it exists but its author is protected."""
    detail = f"Sorry, you are not authorized to see the {resource} with id: [{value}]."
    return Problem(
        status=403,
        title="Authorization Error",
        detail=detail,
        kind="not-authorized-for-resource",
        facts={"resource_type": resource, "resource_id": value, "value": value},
    )


def connection_refused(status: int, *, issue: str, detail: str) -> ProblemError:
    """Say that a stream may not be opened now."""
    facts = {"connection_issue": issue}
    return ProblemError(
        Problem(status=status, title="ConnectionException", detail=detail, kind="streaming-connection", facts=facts)
    )
