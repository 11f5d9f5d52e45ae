"""`recon serve` under load: latency of a warm photo at 1 and 8 clients, 50 at once, bad requests, clients that leave.

    python -m tools.bench.serve sample_data/living_room.jpg [--bad 1000]

Prints a table. Latency depends on what else runs; processor time of the service much less.
"""

import argparse
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

_BAD: tuple[tuple[str, bytes], ...] = (
    ("empty.jpg", b""),
    ("text.jpg", b"This is a text."),
    ("../../name.jpg", b"\xff\xd8\xff\xe0 damaged"),
    ("page.gif", b"GIF89a" + bytes(40)),
)


def main() -> None:
    """Measures one service from its start to its stop."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photo", type=Path)
    parser.add_argument("--bad", type=int, default=1000, help="number of bad requests")
    given = parser.parse_args()
    photo = given.photo.read_bytes()
    command = [sys.executable, "-m", "recon_cli.main", "serve", "--model", "preview", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = re.search(r"http://\S+", process.stderr.readline())
            assert found, "the service did not start"
            _measure(found[0], process.pid, photo, given.bad)
            process.send_signal(signal.SIGTERM)
            print(f"exit code {process.wait(30)}")
        finally:
            process.kill()


def _measure(address: str, pid: int, photo: bytes, bad: int) -> None:
    def scene(_: int = 0) -> tuple[int, float]:
        started = time.perf_counter()
        answer = httpx2.post(f"{address}scenes?wait=true", files={"photo": ("a.jpg", photo)}, timeout=300)
        if answer.status_code == 201:
            httpx2.delete(f"{address}scenes/{answer.json()['id']}")
        return answer.status_code, time.perf_counter() - started

    scene()
    print(f"load average {os.getloadavg()[0]:.1f}, memory after the first photo {_memory_mb(pid):.0f} MB")
    for clients, photos in ((1, 10), (8, 16)):
        _report(f"{clients} clients", pid, lambda n=clients, m=photos: _at_once(scene, n, m))  # type: ignore[misc]
    _report("50 at once", pid, lambda: _at_once(scene, 50, 50))
    print(f"memory {_memory_mb(pid):.0f} MB")
    statuses: Counter[int] = Counter()
    for number in range(bad):
        if number % (bad // 5 or 1) == 0:
            print(f"after {number} bad requests: {_memory_mb(pid):.0f} MB")
        statuses[_bad(address, number)] += 1
    print(f"after {bad} bad requests: {_memory_mb(pid):.0f} MB; {dict(statuses)}")
    _leave(address, photo)
    print("after a client that left:", scene())


def _at_once(
    scene: Callable[[int], tuple[int, float]], clients: int, photos: int
) -> Sequence[tuple[int, float]]:
    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(scene, range(photos)))


def _report(name: str, pid: int, run: Callable[[], Sequence[tuple[int, float]]]) -> None:
    before = _processor_s(pid)
    results = run()
    spent = _processor_s(pid) - before
    done = sorted(seconds for status, seconds in results if status == 201)
    counts = dict(Counter(status for status, _ in results))
    print(
        f"{name}: median {statistics.median(done):.2f} s, longest {done[-1]:.2f} s, "
        f"{spent / len(done):.2f} s of processor time per scene; {counts}"
    )


def _bad(address: str, number: int) -> int:
    """One request that must be refused; its status."""
    name, content = _BAD[number % len(_BAD)]
    kind = number // len(_BAD) % 5
    if kind == 0:
        return httpx2.post(f"{address}scenes", content=content).status_code
    if kind == 1:
        return httpx2.post(f"{address}scenes", files={"picture": (name, content)}).status_code
    if kind == 2:
        return httpx2.get(f"{address}scenes/../../etc/passwd/{number}").status_code
    data = {"focal-35m": "26"} if kind == 3 else {}
    return httpx2.post(
        f"{address}scenes", files={"photo": (name, content)}, data=data, timeout=60
    ).status_code


def _leave(address: str, photo: bytes) -> None:
    """Asks for a scene, and hangs up when the whole photo is sent."""
    where = urlsplit(address)
    request = httpx2.Request("POST", f"{address}scenes?wait=true", files={"photo": ("a.jpg", photo)})
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    with socket.create_connection((where.hostname, where.port)) as client:
        client.sendall(f"POST /scenes?wait=true HTTP/1.1\r\n{head}\r\n".encode() + request.read())


def _memory_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text("ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert found
    return int(found[1]) / 1000


def _processor_s(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
