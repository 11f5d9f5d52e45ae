"""A process with limits: the asked ones, the user's own where they are lower, and none where the system has none."""

import subprocess
import sys

import pytest

from recon import limited_process

GB = 1 << 30


def limits(before: str) -> str:
    """Hard limits of memory, time and core files of a new process that asks for 2 GB and 7 s."""
    program = (
        f"import resource\n{before}\nfrom recon.limited_process import limit\nlimit('{2 * GB}', '7')\n"
        "names = resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE\n"
        "print(*(resource.getrlimit(name)[1] for name in names))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="macOS limits no memory, Windows nothing")
def test_a_lower_limit_of_the_user_stays() -> None:
    assert limits("") == f"{2 * GB} 8 0"
    assert limits(f"resource.setrlimit(resource.RLIMIT_AS, ({GB}, {GB}))") == f"{GB} 8 0"
    assert limits("resource.setrlimit(resource.RLIMIT_CPU, (5, 5))") == f"{2 * GB} 5 0"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no module resource")
def test_a_limit_that_the_system_refuses_is_left_out() -> None:
    """As macOS does with memory."""
    refuse = "real = resource.setrlimit\ndef refuse(which, limits):\n"
    refuse += "    if which == resource.RLIMIT_AS: raise ValueError('current limit exceeds maximum limit')\n"
    refuse += "    real(which, limits)\nresource.setrlimit = refuse"
    assert limits(refuse).endswith(" 8 0")


def test_a_small_file_is_given_up_within_10_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the processor, whatever is in it; a large one has more time and memory."""
    asked: list[list[str]] = []

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, b"", b"")

    monkeypatch.setattr(limited_process.subprocess, "run", run)
    for file_bytes in (1_000_000, 100_000_000):
        limited_process.run_limited("a.module", ["file"], file_bytes=file_bytes, library="it")
    (small_bytes, small_s), (large_bytes, large_s) = ([int(word) for word in words[3:5]] for words in asked)
    # The hard limit is a second later.
    assert 4 <= small_s <= 9 and large_s >= 100
    assert 2 * GB <= small_bytes < 2.1 * GB and large_bytes > 7 * GB
