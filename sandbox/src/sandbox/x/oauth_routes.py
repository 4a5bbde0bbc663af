"""OAuth over HTTP: the page where a person allows the app, the token endpoints, and revocation."""

from dataclasses import asdict
from itertools import islice
from urllib.parse import urlencode

from aiohttp import web

from sandbox.x.bodies import form_of, json_answer
from sandbox.x.oauth import OAuth, OAuthError
from sandbox.x.pages import Pages
from sandbox.x.threads import shown_user
from sandbox.x.tokens import Tokens
from sandbox.x.world import World

SHOWN_USERS_MAX = 50
"""A load test's thousands would bury the page; anybody else is named by handle."""


class OAuthRoutes:
    """X's sign-in."""

    def __init__(self, *, oauth: OAuth, tokens: Tokens, world: World, pages: Pages) -> None:
        self._oauth = oauth
        self._tokens = tokens
        self._world = world
        self._pages = pages

    def routes(self) -> list[web.RouteDef]:
        """Give all addresses of the sign-in."""
        return [
            web.get("/i/oauth2/authorize", self._ask),
            web.post("/i/oauth2/authorize", self._decide),
            web.post("/2/oauth2/token", self._token),
            web.post("/2/oauth2/revoke", self._revoke),
            web.post("/oauth2/token", self._app_token),
        ]

    async def _ask(self, request: web.Request) -> web.Response:
        try:
            asked = self._oauth.judge(request.query)
        except OAuthError as error:
            return self._pages.answer("authorize_error.html", status=400, why=error.description)
        people = [shown_user(user) for user in islice(self._world.users, SHOWN_USERS_MAX) if not user.automated]
        return self._pages.answer("authorize.html", asked=asdict(asked), scopes=asked.scope.split(), people=people)

    async def _decide(self, request: web.Request) -> web.Response:
        form = await form_of(request)
        try:
            asked = self._oauth.judge({**form, "response_type": "code", "code_challenge_method": "S256"})
        except OAuthError as error:
            return self._pages.answer("authorize_error.html", status=400, why=error.description)
        if form.get("decision") != "allow":
            return _redirect(asked.redirect_uri, error="access_denied", state=asked.state)
        user = self._world.users.find(form.get("username") or form.get("user_id", ""))
        if user is None:
            return self._pages.answer("authorize_error.html", status=400, why="nobody here has that handle")
        code = self._oauth.allow(asked, user_id=user.id)
        return _redirect(asked.redirect_uri, state=asked.state, code=code)

    async def _token(self, request: web.Request) -> web.Response:
        form = await form_of(request)
        try:
            return json_answer(self._oauth.token(form, authorization=request.headers.get("Authorization")))
        except OAuthError as error:
            return _refusal(error)

    async def _revoke(self, request: web.Request) -> web.Response:
        form = await form_of(request)
        try:
            self._oauth.check_client(form, authorization=request.headers.get("Authorization"))
        except OAuthError as error:
            return _refusal(error)
        self._tokens.revoke(form.get("token", ""))
        return json_answer({"revoked": True})

    async def _app_token(self, request: web.Request) -> web.Response:
        form = await form_of(request)
        try:
            self._oauth.check_app(form.get("grant_type", ""), authorization=request.headers.get("Authorization"))
        except OAuthError as error:
            return _refusal(error)
        return json_answer({"token_type": "bearer", "access_token": self._tokens.app_bearer})


def _redirect(uri: str, **parameters: str) -> web.Response:
    joined = "&" if "?" in uri else "?"
    return web.Response(status=302, headers={"Location": uri + joined + urlencode(parameters)})


def _refusal(error: OAuthError) -> web.Response:
    return json_answer({"error": error.error, "error_description": error.description}, status=error.status)
