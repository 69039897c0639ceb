"""Commands that the page starts: to learn from what was played, and to look for new files. One runs at a time."""

import sys
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from earshot.web.command_process import CommandProcess, ProcessState
from earshot.web.library_access import library_of
from earshot.web.pages.page_templates import clock
from earshot.web.pages.request_bodies import values_of, wants_json

COMMANDS = {  # that need no choice of their own, and what they are called while they run
    "train-tower": "Learning from what was played",
    "embed-audio": "Looking for new and changed files",
    "build-index": "Bringing the index up to date",
}
_STOPPED = (130, 143, -2, -15)  # exit codes of a command that was asked to end


def process_of(request: Request) -> CommandProcess:
    """The process of the server that a request asks."""
    process: CommandProcess = request.app.state.process
    return process


def described(state: ProcessState | None) -> dict[str, Any]:
    """A process as the page shows it."""
    if state is None:
        return {"is_running": False, "sentence": "", "share": None, "is_done": False, "lines": ()}
    length = clock(state.seconds)
    if state.is_running:
        sentence = f"{state.title}: {state.progress or 'beginning'}, {length} so far"
    elif state.code == 0:
        sentence = f"{state.title}: done in {length}"
    elif state.code in _STOPPED:
        sentence = f"{state.title}: stopped after {length}; the same goes on from there"
    else:
        sentence = f"{state.title}: could not be done"
    return {
        "is_running": state.is_running,
        "sentence": sentence,
        "share": state.share,
        "is_done": not state.is_running,
        "lines": state.lines[-8:],
    }


async def progress(request: Request) -> Response:
    """The progress of the command that runs, or ran last, as JSON."""
    return JSONResponse(described(process_of(request).state()))


async def start(request: Request) -> Response:
    """Start one of the commands."""
    name = (await values_of(request)).get("command")
    if not isinstance(name, str) or name not in COMMANDS:
        raise HTTPException(400, f"The page starts {', '.join(COMMANDS)}, and nothing else.")
    words = [sys.executable, "-m", "earshot.cli", "--library", str(library_of(request).folder), name]
    try:
        is_started = process_of(request).start(COMMANDS[name], words)
    except OSError as error:
        raise HTTPException(503, f"The system has no room for another process: {error.strerror}.") from None
    if not is_started:
        raise HTTPException(409, "A command runs already; wait for its end, or stop it.")
    return _answer(request)


async def stop(request: Request) -> Response:
    """Ask the command that runs to end; what it has done so far is kept."""
    process_of(request).ask_to_end()
    return _answer(request)


def _answer(request: Request) -> Response:
    if wants_json(request):
        return JSONResponse(described(process_of(request).state()))
    return RedirectResponse("/library", 303)


routes = [
    Route("/training.json", progress),
    Route("/training", start, methods=["POST"]),
    Route("/training/stop", stop, methods=["POST"]),
]
