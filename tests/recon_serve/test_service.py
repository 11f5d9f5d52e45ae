"""What a service does under load and at its end: queue, cancel, time, token, age, errors of its own."""

import asyncio
import threading
from typing import Any

import pytest
from served import ADDRESS, HeldModel, app_of, picture, scene_of, serving
from starlette.testclient import TestClient

from recon.depth.inference.interruptible import interruptible
from recon.errors import DepthFileError
from recon.journal import Journal
from recon.options import Options
from recon_serve.jobs import Job
from recon_serve.settings import ServeError, Settings

TOKEN = "a-token-of-20-letters"


def queue(client: TestClient) -> Any:
    return client.post("/scenes", files={"photo": ("room.jpg", picture())})


def held(client: TestClient, model: HeldModel) -> str:
    """The path of a job that is being run."""
    where = queue(client).headers["location"]
    assert model.started.acquire(timeout=60)
    return str(where)


def warmed(model: HeldModel, client: TestClient) -> None:
    """Waits until the worker has loaded the model, and holds it from then on."""
    assert model.started.acquire(timeout=60)
    model.free.set()
    scene_of(client)
    assert model.started.acquire(timeout=60)
    model.free.clear()


def test_a_full_queue_says_when_to_come_again() -> None:
    model = HeldModel()
    with serving(model, most_queued=2) as client:
        warmed(model, client)
        running = held(client, model)
        waiting = [queue(client).json() for _ in range(2)]
        assert [each["ahead"] for each in waiting] == [1, 2]
        full = queue(client)
        assert full.status_code == 429 and int(full.headers["retry-after"]) >= 1
        assert "2 photos are waiting" in full.json()["error"]["message"]
        assert client.get(f"/scenes/{waiting[0]['id']}/scene.glb").status_code == 409
        # A job that is removed makes room at once.
        assert client.delete(f"/scenes/{waiting[0]['id']}").status_code == 204
        assert queue(client).status_code == 202
        model.free.set()
        assert client.get(f"{running}/events").text.endswith('{"message": "done"}\n\n')


def test_a_removed_job_stops_at_its_next_stage_and_its_folder_is_gone() -> None:
    model = HeldModel()
    with serving(model) as client:
        warmed(model, client)
        where = held(client, model)
        service = client.app.state.service  # type: ignore[attr-defined]
        folder = service.find(where.rsplit("/", 1)[-1]).folder
        assert folder.is_dir()
        client.delete(where)
        assert client.get(where).status_code == 404 and not folder.exists()
        model.free.set()
        assert scene_of(client)["state"] == "done"
        assert not folder.exists()
    assert not service.folder.exists(), "nothing is left when the service has stopped"


class Endless(HeldModel):
    """Computes while it is held, instead of waiting."""

    def hold(self, journal: Journal) -> None:
        """Runs torch until it is freed or stopped."""
        import torch

        with interruptible(journal):
            while not self.free.is_set():
                torch.ones(1) + 1


def test_a_removed_job_stops_while_its_network_runs() -> None:
    model = Endless()
    model.free.set()
    with serving(model) as client:
        warmed(model, client)
        where = held(client, model)
        assert client.delete(where).status_code == 204
        # The next one has its turn, though nothing has ended the first network.
        held(client, model)
        model.free.set()


def test_a_client_that_leaves_frees_its_job() -> None:
    model = HeldModel()
    with serving(model) as client:
        warmed(model, client)
        body = client.build_request("POST", "/scenes", files={"photo": ("room.jpg", picture())})
        service = client.app.state.service  # type: ignore[attr-defined]
        service.jobs.clear()
        jobs: list[Job] = []

        async def leave() -> None:
            content, sent = body.read(), 0

            async def receive() -> dict[str, Any]:
                nonlocal sent
                sent += 1
                if sent == 1:
                    return {"type": "http.request", "body": content}
                while not service.jobs:  # it waits for the scene, and we hang up
                    await asyncio.sleep(0)
                jobs.extend(service.jobs.values())
                return {"type": "http.disconnect"}

            async def send(message: Any) -> None:
                """Nobody listens."""

            headers = [(name.lower().encode(), value.encode()) for name, value in body.headers.items()]
            scope = {"type": "http", "method": "POST", "path": "/scenes", "query_string": b"wait=true"}
            await client.app({**scope, "headers": headers}, receive, send)  # type: ignore[arg-type]

        assert client.portal is not None
        client.portal.call(leave)
        assert [job.state for job in jobs] == ["removed"] and jobs[0].cancelled.is_set()
        assert not service.jobs and not jobs[0].folder.exists()
        model.free.set()
        assert scene_of(client)["state"] == "done"


def test_errors_of_the_library_are_sentences_and_others_are_not_shown(caplog) -> None:
    model = HeldModel(problem=None)
    model.free.set()
    with serving(model) as client:
        scene_of(client)
        model.problem = DepthFileError("the depth is broken; mend it")
        answer = client.post("/scenes?wait=true", files={"photo": ("a.jpg", picture())})
        assert answer.status_code == 422
        assert answer.json()["error"] == {"type": "DepthFileError", "message": "the depth is broken; mend it"}
        model.problem = RuntimeError("secret detail of /a/path")
        where = queue(client).headers["location"]
        client.get(f"{where}/events")
        state = client.get(where).json()
        assert state["state"] == "failed" and state["error"]["type"] == "InternalError"
        assert "secret" not in str(state) and "secret detail" in caplog.text
        assert client.get(f"{where}/scene.glb").status_code == 500
        model.problem = None
        assert scene_of(client)["state"] == "done"


def test_a_job_that_takes_too_long_fails() -> None:
    model = HeldModel()
    model.free.set()
    with serving(model, job_s=0.0) as client:
        answer = client.post("/scenes?wait=true", files={"photo": ("a.jpg", picture())})
        assert answer.status_code == 422 and "took too long" in answer.json()["error"]["message"]


def test_old_scenes_and_those_beyond_the_size_are_removed() -> None:
    model = HeldModel()
    model.free.set()
    with serving(model, keep_s=100, keep_bytes=1) as client:
        service = client.app.state.service  # type: ignore[attr-defined]
        now = 1_000_000.0
        service.clock = lambda: now
        first, second = scene_of(client)["id"], scene_of(client)["id"]
        assert client.get(f"/scenes/{first}").status_code == 404, (
            "the newest alone is over the limit of 1 byte"
        )
        assert client.get(f"/scenes/{second}").status_code == 200
        now += 99
        assert client.get(f"/scenes/{second}").status_code == 200
        now += 2
        assert client.get(f"/scenes/{second}").status_code == 404
        assert [path for path in service.folder.iterdir()] == []


def test_without_the_token_nothing_but_the_page_is_served() -> None:
    model = HeldModel()
    model.free.set()
    with serving(model, token=TOKEN) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"},
                        {"Cookie": "recon_session=x"}):  # fmt: skip
            answer = client.post("/scenes", files={"photo": ("a.jpg", picture())}, headers=headers)
            assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
            assert client.get("/scenes/any/scene.glb", headers=headers).status_code == 401
        assert client.get("/openapi.json").status_code == 200
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/scenes/any", headers=bearer).status_code == 404
        assert client.post("/session", json={"token": "wrong"}).status_code == 401
        assert client.post("/session", json={"token": TOKEN}).status_code == 204
        assert TOKEN not in str(client.cookies)
        assert scene_of(client)["state"] == "done", "with the cookie of the session"


def test_a_body_is_not_read_beyond_its_limit_even_for_the_session() -> None:
    app = app_of(Settings(options=Options(model="preview"), token=TOKEN))
    head = [(b"host", b"127.0.0.1:8000"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/session", "query_string": b"", "headers": head}
    read, answers = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 100_000
        return {"type": "http.request", "body": b" " * 100_000, "more_body": read < 20_000_000}

    async def send(message: Any) -> None:
        answers.append(message)

    asyncio.run(app(scope, receive, send))
    assert answers[0]["status"] == 413 and b"1 MB" in answers[1]["body"]
    assert read < 2_000_000


def test_another_address_needs_a_token_and_a_long_one() -> None:
    with pytest.raises(ServeError, match="--token"):
        Settings(host="0.0.0.0")
    with pytest.raises(ServeError, match="at least 16"):
        Settings(token="short")
    for token in ("ein schlüssel wie keiner", "two words of a token", "x" * 1001, "x" * 20 + "\n"):
        with pytest.raises(ServeError, match="plain letters"):
            Settings(token=token)
    assert not Settings(host="0.0.0.0", token=TOKEN).is_local


def test_pages_of_other_sites_are_refused() -> None:
    # No start of the service: the guard is before it.
    client = TestClient(app_of(Settings(options=Options(model="preview"))), base_url=ADDRESS)
    photo = {"photo": ("a.jpg", picture())}
    for origin in ("http://evil.example", "null", "http://127.0.0.1:9000"):
        assert client.post("/scenes", files=photo, headers={"Origin": origin}).status_code == 403
    assert client.get("/openapi.json", headers={"Host": "evil.example"}).status_code == 403
    assert client.get("/openapi.json", headers={"Host": "localhost:8000"}).status_code == 200
    for damaged in ("[", "[::1", "a]b"):
        assert client.get("/openapi.json", headers={"Host": damaged}).status_code == 403
        assert client.post("/scenes", headers={"Origin": f"http://{damaged}"}).status_code == 403


def test_answers_carry_the_headers_that_browsers_heed() -> None:
    client = TestClient(app_of(Settings(options=Options(model="preview"))), base_url=ADDRESS)
    for answer in (client.get("/openapi.json"), client.get("/nothing"), client.put("/scenes")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


def test_a_service_that_stops_refuses_new_photos_and_ends_the_others() -> None:
    model = HeldModel()
    with serving(model) as client:
        warmed(model, client)
        where = held(client, model)
        answers: list[Any] = []
        watching = threading.Thread(target=lambda: answers.append(client.get(f"{where}/events")))
        watching.start()
        service = client.app.state.service  # type: ignore[attr-defined]
        assert client.portal is not None
        client.portal.call(service.stop_soon)
        watching.join(60)
        assert queue(client).status_code == 503
        model.free.set()
    assert answers and answers[0].status_code in (200, 404)
