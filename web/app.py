"""The web application of one library: its routes, and the checks that every request passes.

request -> host -> headers -> size and time -> session -> origin -> route
                                                                      |
                                  LibraryAccess: threads that read, one that writes
"""

import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware

from earshot.web.command_process import CommandProcess
from earshot.web.failure_answers import FAILURE_HANDLERS
from earshot.web.library_access import LibraryAccess
from earshot.web.pages import (
    answer_pages,
    browse_pages,
    feedback_actions,
    listeners,
    path_page,
    playlist_pages,
    radio_page,
    sign_in_page,
    status_page,
    track_map_page,
    training_page,
)
from earshot.web.pages.page_templates import static_files
from earshot.web.security.host_check import HostCheck
from earshot.web.security.request_limits import RequestLimits
from earshot.web.security.response_headers import ResponseHeaders
from earshot.web.security.session_check import SessionCheck
from earshot.web.security.sessions import Sessions
from earshot.web.sound import cover_answers, sound_answers
from earshot.web.sound.cover_answers import CoverCache
from earshot.web.sound.playing import Playing
from earshot.web.subsonic import subsonic_routes
from earshot.web.subsonic.player_state import PlayerState
from earshot.web.track_pools import TrackPools

WITH_ROUTES = (
    sign_in_page, browse_pages, answer_pages, path_page, radio_page, playlist_pages, listeners, feedback_actions,
    track_map_page, training_page, status_page, sound_answers, cover_answers, subsonic_routes,
)  # fmt: skip
# Open to everybody: to sign in, and what the page for that loads. Players have keys of their own below /rest.
OPEN_PATHS = (sign_in_page.PATH, "/static/")


@dataclass(frozen=True)
class ServerSettings:
    """Settings of a server; the defaults let nobody in but by a token."""

    host: str = "127.0.0.1"
    allowed_hosts: tuple[str, ...] = ()  # further names under which a browser may ask for it
    allowed_origins: tuple[str, ...] = ()  # sites in whose pages a player with a key may ask
    password_hash: str | None = None  # of `security.passwords`
    on_sign_in: Callable[[], None] = field(default=lambda: None)  # after a token was used up


def create_app(folder: Path, settings: ServerSettings | None = None) -> Starlette:
    """Make the application that serves the library of a folder.

    `app.state` has the `library` (`LibraryAccess`), the `sessions` and the `settings`.
    """
    settings = settings or ServerSettings()
    sessions = Sessions(settings.password_hash)
    library, playing = LibraryAccess(folder), Playing()
    process, layout = CommandProcess(), CommandProcess()

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            playing.close()
            library.close()
            process.stop()
            layout.stop()

    app = Starlette(
        routes=[*(route for one in WITH_ROUTES for route in one.routes), static_files()],
        middleware=[
            Middleware(ResponseHeaders),
            Middleware(HostCheck, names=(settings.host, *settings.allowed_hosts)),
            Middleware(RequestLimits),
            Middleware(
                SessionCheck,
                sessions=sessions,
                cookie=cookie_name(folder),
                open_paths=OPEN_PATHS,
                key_paths=(subsonic_routes.PATH,),
            ),
        ],
        exception_handlers=FAILURE_HANDLERS,
        lifespan=lifespan,
    )
    app.state.library, app.state.sessions, app.state.settings = library, sessions, settings
    app.state.playing, app.state.covers = playing, CoverCache()
    app.state.cookie, app.state.pools = cookie_name(folder), TrackPools()
    app.state.process, app.state.layout = process, layout
    app.state.players = PlayerState()
    return app


def cookie_name(folder: Path) -> str:
    """The name of the session's cookie: browsers share cookies between the ports of a host, and so between servers."""
    return f"earshot_{hashlib.sha256(str(folder.absolute()).encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
