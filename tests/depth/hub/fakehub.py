"""A hub on this machine: a few files of one repository, served as the real one does, and ways to misbehave."""

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMITS = {"main": "a" * 40, "v1": "b" * 40}


class FakeHub:
    """Serves ``files`` as repository org/tiny at every revision of COMMITS.

    ``behaviour`` maps a file's name to ``drop`` (cut the connection half-way, once), ``stall`` (send half, then
    nothing, until ``close``), ``flip`` (another last byte than announced) or ``endless`` (more and more of it).
    ``sent_etags`` replaces ETags (those of ``linked_etags`` in X-Linked-Etag), ``commits`` the commits.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.behaviour: dict[str, str] = {}
        self.endless_bytes = 0
        self.sent_etags: dict[str, str] = {}
        self.linked_etags = False
        self.commits = dict(COMMITS)
        self.requests: list[tuple[str, str, str | None]] = []
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def downloads(self) -> list[str]:
        """Names of the files of which any byte was asked for, in order."""
        return [
            path.rpartition("/")[2]
            for method, path, _ in self.requests
            if method == "GET" and "/resolve/" in path
        ]

    def described(self, name: str) -> dict[str, Any]:
        """As the hub lists a file: with its SHA-256 where it is large (all weights are here), else git's SHA-1."""
        content = self.files[name]
        git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        about: dict[str, Any] = {"size": len(content), "oid": git, "blobId": git}
        if name.endswith((".safetensors", ".pt")):
            sha256 = hashlib.sha256(content).hexdigest()
            about["lfs"] = {"sha256": sha256, "oid": sha256, "size": len(content), "pointerSize": 134}
        return about

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


def _handler(hub: FakeHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """Says nothing."""

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, *, with_body: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.requests.append((self.command, path, self.headers.get("Range")))
            if result := re.fullmatch(r"/api/models/org/tiny(?:/revision/(.+))?", path):
                self._send_info(result[1] or "main")
            elif result := re.fullmatch(r"/org/tiny/resolve/([^/]+)/(.+)", path):
                self._send_file(result[1], result[2], with_body)
            else:
                code = "GatedRepo" if "gated" in path else "RepoNotFound"
                self._send(403 if "gated" in path else 404, b"{}", {"X-Error-Code": code})

        def _send_info(self, revision: str) -> None:
            if revision not in COMMITS:
                return self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            siblings = [{"rfilename": name, **hub.described(name)} for name in hub.files]
            info = {
                "id": "org/tiny",
                "modelId": "org/tiny",
                "sha": hub.commits[revision],
                "siblings": siblings,
            }
            return self._send(200, json.dumps(info).encode(), {"Content-Type": "application/json"})

        def _send_file(self, revision: str, name: str, with_body: bool) -> None:
            content = hub.files[name]
            about = hub.described(name)
            etag = hub.sent_etags.get(name, about["lfs"]["sha256"] if "lfs" in about else about["oid"])
            commit = hub.commits.get(revision, revision)
            headers = {"X-Repo-Commit": commit, "ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
            if hub.linked_etags:
                headers |= {"X-Linked-Etag": headers["ETag"], "ETag": f'"{"0" * 40}"'}
            if not with_body:
                return self._send(200, content, headers, with_body=False)
            start = int(re.sub(r"bytes=(\d+)-.*", r"\1", self.headers.get("Range") or "bytes=0-"))
            if start:
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            behaviour = hub.behaviour.get(name)
            if behaviour == "endless":
                return self._send_endless(content)
            if behaviour == "flip":
                content = content[:-1] + bytes([content[-1] ^ 1])
            if behaviour in (None, "flip"):
                return self._send(206 if start else 200, content[start:], headers)
            self._head(206 if start else 200, len(content) - start, headers)
            self.wfile.write(content[start : len(content) // 2])
            self.wfile.flush()
            if behaviour == "drop":
                del hub.behaviour[name]
            else:
                hub.closing.wait(60)
            self.close_connection = True
            return None

        def _send_endless(self, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            with suppress(OSError):
                while not hub.closing.is_set():
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
                    hub.endless_bytes += len(content)
            self.close_connection = True

        def _head(self, status: int, length: int, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(length)}.items():
                self.send_header(name, value)
            self.end_headers()

        def _send(
            self, status: int, body: bytes, headers: Mapping[str, str], *, with_body: bool = True
        ) -> None:
            self._head(status, len(body), headers)
            if with_body and self.command != "HEAD":
                self.wfile.write(body)

    return Handler
