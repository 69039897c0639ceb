"""The door of the pages: a one-time token in the address, or a password, becomes a session's cookie."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from earshot.web.library_access import library_of
from earshot.web.pages.page_templates import page
from earshot.web.security.request_limits import read_form
from earshot.web.security.sessions import Sessions, TooManyGuessesError

PATH = "/sign-in"
_WRONG_TOKEN = (
    "This address was used before, or is of an earlier start of the server. Take the latest one that `cli serve`"
    " printed."
)


async def sign_in(request: Request) -> Response:
    """Open a session by the token of the address; without one, ask for the password."""
    sessions: Sessions = request.app.state.sessions
    token = request.query_params.get("token", "")
    if request.method == "HEAD" or not token:
        return _asked(request)
    cookie = sessions.open_by_token(token)
    if cookie is None:
        return _asked(request, 403, _WRONG_TOKEN)
    request.app.state.settings.on_sign_in()
    return _opened(request, cookie)


async def sign_in_by_password(request: Request) -> Response:
    """Open a session by the password of a form."""
    form = await read_form(request)
    sessions: Sessions = request.app.state.sessions
    address = request.client.host if request.client else ""
    try:
        cookie = await sessions.open_by_password(form.get("password", ""), address)
    except TooManyGuessesError:
        return _asked(request, 429, "Others try passwords at the moment. Wait a few seconds, and try again.")
    return _asked(request, 403, "This is not the password.") if cookie is None else _opened(request, cookie)


async def sign_out(request: Request) -> Response:
    """End the session."""
    name: str = request.app.state.cookie
    request.app.state.sessions.close(request.cookies.get(name, ""))
    response = RedirectResponse(PATH, 303)
    response.delete_cookie(name, httponly=True, samesite="strict")
    return response


def _asked(request: Request, status: int = 200, sentence: str = "") -> Response:
    has_password = request.app.state.settings.password_hash is not None
    folder = library_of(request).folder
    return page(
        request, "sign_in.html", status=status, sentence=sentence, has_password=has_password, folder=folder.name
    )


def _opened(request: Request, cookie: str) -> Response:
    response = RedirectResponse("/", 303)
    is_secret = request.url.scheme == "https"  # by a proxy on this computer, which says so
    response.set_cookie(request.app.state.cookie, cookie, httponly=True, samesite="strict", secure=is_secret)
    return response


routes = [
    Route(PATH, sign_in),
    Route(PATH, sign_in_by_password, methods=["POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
]
