"""How the threads of a network wait for each other."""

import os
import subprocess
import sys

NAMES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
CODE = f"import os, recon.depth.registry; print([os.environ[name] for name in {NAMES}])"


def test_waiting_threads_sleep_unless_configured_otherwise() -> None:
    """In another process: a variable of the tests' own machine must not answer for recon."""
    plain = {name: value for name, value in os.environ.items() if name not in NAMES}
    for env, expected in (
        (plain, ["PASSIVE", "0"]),
        ({**plain, NAMES[0]: "ACTIVE", NAMES[1]: "9"}, ["ACTIVE", "9"]),
    ):
        # Isolated from site's own start-up files, which may set the same.
        paths = [path for path in sys.path if path]
        code = f"import sys; sys.path[:] = {paths!r}; {CODE}"
        done = subprocess.run(
            [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env=env
        )
        assert done.stdout.strip() == str(expected)
