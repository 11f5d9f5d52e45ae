"""Whether the processor draws is known by the names of threads; ``test_window`` tests it with the driver."""

import sys
import threading
from pathlib import Path

import pytest

from recon_viewer.background.software_driver import draws_in_software


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_it_is_known_by_a_thread_and_a_name_that_was_cut_off_is_none() -> None:
    """The system keeps 15 bytes of a name: a letter of two bytes may be cut in half."""
    comm = Path(f"/proc/self/task/{threading.get_native_id()}/comm")
    before = comm.read_bytes()
    try:
        seen = []
        for name in (b"open 1234 K\xc3", b"llvmpipe-0"):
            comm.write_bytes(name)
            seen.append(draws_in_software())
    finally:
        comm.write_bytes(before.rstrip())
    assert seen == [False, True]
