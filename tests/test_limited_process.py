"""A process with limits: the asked ones, the user's own where they are lower, and none where the system has none."""

import subprocess
import sys

import pytest

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
