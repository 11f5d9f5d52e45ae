"""The routes of the service, and its OpenAPI description at ``/openapi.json``."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse

from recon.constraint_text import constraint_from
from recon.errors import ReconError
from recon.options import Options
from recon.version import __version__
from recon_serve.api_form import FORM
from recon_serve.bodies import CalibrateRequest, ErrorAnswer, MeasureRequest, SceneAnswer, TokenRequest
from recon_serve.error_answers import HANDLERS
from recon_serve.errors import Refusal
from recon_serve.events import stream
from recon_serve.guard import COOKIE, PAGE, Guard, same, session_of
from recon_serve.jobs import Job
from recon_serve.results import scene_path
from recon_serve.scene_files import FILES
from recon_serve.service import Service
from recon_serve.settings import Settings
from recon_serve.upload import read_upload

ParseOptions = Callable[[Sequence[tuple[str, str]], Options], Options]
"""Adds options as text, named as on the command line, to those of the service; raises ReconError."""
_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorAnswer, "description": "Refused, in one sentence."},
    "5XX": {"model": ErrorAnswer, "description": "The service failed or is stopping."},
}
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SCENE_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src blob: data:; "
    "frame-ancestors 'self'"
)
Key = Annotated[str, Path(max_length=100)]
router = APIRouter(responses=_ERRORS)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _job(request: Request, key: Key) -> Job:
    return _service(request).find(key)


Found = Annotated[Job, Depends(_job)]
Served = Annotated[Service, Depends(_service)]


@router.post("/scenes", status_code=202, response_model=SceneAnswer, openapi_extra=FORM)
async def create(request: Request, response: Response, service: Served, wait: bool = False) -> SceneAnswer:
    """Queue a photo. With `wait`, the answer comes when the scene is there; a client that leaves cancels it."""
    upload = await read_upload(request, service.settings, service.check_room)
    try:
        parse: ParseOptions = request.app.state.parse_options
        try:
            options = parse(upload.options, service.settings.options)
        except ReconError as error:
            raise Refusal(422, "OptionError", str(error)) from None
        job = await service.submit(upload.photo.file, upload.name, options)
    finally:
        await upload.photo.close()
    response.headers["Location"] = f"/scenes/{job.key}"
    if wait:
        await _end_or_leave(request, service, job)
        scene_path(job)
        response.status_code = 201
    return service.answer(job)


async def _end_or_leave(request: Request, service: Service, job: Job) -> None:
    """Waits for the end of a job; removes it if the client leaves first."""

    async def left() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            continue

    waits = {asyncio.ensure_future(job.end()), asyncio.ensure_future(left())}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()
        if not job.ended:
            service.remove(job)
    if job.state == "removed":
        raise Refusal(503, "Removed", "the scene was removed before it was finished")


@router.get("/scenes/{key}", response_model=SceneAnswer)
async def state(job: Found, service: Served) -> SceneAnswer:
    """The state of a job: camera, metres, warnings and files once it is done."""
    return service.answer(job)


@router.get("/scenes/{key}/events", response_class=StreamingResponse)
async def events(request: Request, job: Found) -> Response:
    """Progress as server-sent events: `state`, `stage`, `progress`, `decision`, `warning`."""
    last = request.headers.get("last-event-id", "")
    after = int(last) if last.isdecimal() and len(last) < 10 else -1
    return StreamingResponse(stream(job, after), media_type="text/event-stream")


@router.delete("/scenes/{key}", status_code=204)
async def remove(job: Found, service: Served) -> None:
    """Cancel a job, also while its network runs, and remove its files."""
    service.remove(job)


@router.post("/scenes/{key}/measure")
async def measure(job: Found, service: Served, body: MeasureRequest) -> dict[str, Any]:
    """A length, an angle, an area or a height with its 95 % interval, as `recon measure --json`."""
    return await service.results.measure(job, body.quantity, body.positions, body.unit)


@router.post("/scenes/{key}/calibrate", response_model=SceneAnswer)
async def calibrate(job: Found, service: Served, body: CalibrateRequest) -> SceneAnswer:
    """Rescale the scene to known lengths, which replace those of an earlier call."""
    try:
        known = [constraint_from(entry) for entry in body.known]
    except ValueError as error:
        raise Refusal(422, "CalibrationError", str(error)) from None
    await service.results.calibrate(job, known)
    return service.answer(job)


@router.get("/scenes/{key}/{name}", response_class=FileResponse)
async def file(
    job: Found, service: Served, name: str, download: Annotated[bool, Query()] = False
) -> Response:
    """A file of the scene: `scene.glb`, `scene.ply`, `scene.html`, `depth.png`, `scene.npz` or `info.json`."""
    if name not in FILES:
        raise Refusal(404, "NotFound", f"there is no such file; there are {', '.join(FILES)}")
    path = await service.file(job, name)
    headers = {"Content-Security-Policy": _SCENE_POLICY} if name.endswith(".html") else {}
    saved_as = f"{job.photo.stem}{'.depth' if name == 'depth.png' else ''}{path.suffix}" if download else None
    return FileResponse(path, media_type=FILES[name], filename=saved_as, headers=headers)


@router.post("/session", status_code=204)
async def session(request: Request, service: Served, body: TokenRequest) -> Response:
    """Exchange the token for a cookie; for browsers, whose downloads cannot send a header."""
    token = service.settings.token
    if token is None or not same(body.token, token):
        raise Refusal(401, "TokenError", "this is not the token that the service was started with")
    response = Response(status_code=204)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, session_of(token), httponly=True, samesite="strict", secure=secure)
    return response


async def _page(request: Request) -> Response:
    name = request.url.path.removeprefix("/") or "page.html"
    text = resources.files("recon_serve").joinpath("web", name).read_text("utf-8")
    kind = PAGE[request.url.path]
    return Response(text, media_type=kind, headers={"Content-Security-Policy": _PAGE_POLICY})


def make_app(settings: Settings, parse_options: ParseOptions) -> FastAPI:
    """The service as an ASGI application."""
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.stop()

    # Its own pages of documentation would load scripts from another host.
    app = FastAPI(title="recon", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.description = "One photograph to a metric 3D scene."
    app.state.service, app.state.parse_options = service, parse_options
    app.include_router(router)
    for path in PAGE:
        app.add_route(path, _page, include_in_schema=False)
    app.add_middleware(Guard, settings=settings)
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
    return app
