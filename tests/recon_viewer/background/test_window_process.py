"""The command's side of the window's process."""

import ctypes
import sys

import pytest

from recon.errors import ViewerError
from recon_viewer.background.window_process import Start, WindowProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the window stays in one process elsewhere")
_START = Start((), {}, None)
_READ = "import os, pickle, socket, sys; pickle.load(sys.stdin.buffer); "
_CHANNEL = "channel = socket.socket(fileno=int(sys.argv[1])); "


def _process(program: str) -> WindowProcess:
    return WindowProcess((sys.executable, "-c", _READ + _CHANNEL + program))


def test_it_returns_when_the_window_is_closed() -> None:
    with _process("channel.sendall(b'0')") as process:
        process.show(_START)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not glibc")
def test_freed_arrays_go_back_to_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below an array that lives: by default, glibc keeps what is freed there once a larger array was freed. A user's
    own choice counts."""
    program = (
        "rss = lambda: int(open('/proc/self/statm').read().split()[1]) * 4096 / 2**20; "
        "array = lambda mb: bytearray(b'x') * int(mb * 2**20); array(30); "
        "held = [array(0.5) for _ in range(80)]; live = held[1::2]; before = rss(); held.clear(); "
        "channel.sendall(b'0' if before - rss() > 15 else b'kept')"
    )
    with _process(program) as process:
        process.show(_START)
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", str(32 << 20))
    with pytest.raises(ViewerError, match="kept"), _process(program) as process:
        process.show(_START)


def test_a_crash_is_an_error_that_names_the_way_out() -> None:
    with pytest.raises(ViewerError, match=r"ended unexpectedly.*--web"), _process("os.abort()") as process:
        process.show(_START)


def test_a_window_that_cannot_be_made_is_one_sentence_with_the_way_out(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Through the real program, whose window fails: no traceback."""
    failing = (
        "import sys, types; made = types.ModuleType('recon_viewer.window'); sys.modules[made.__name__] = made\n"
        "def fails(*_, **__): raise RuntimeError('no\\n Vulkan device.')\n"
        "made.ViewerWindow = fails\n"
        "from recon_viewer.process import main; main()"
    )
    opens = r"^the window cannot be opened \(no Vulkan device\)\. `recon view --web FILE` .* browser$"
    with (
        pytest.raises(ViewerError, match=opens),
        WindowProcess((sys.executable, "-c", failing)) as process,
    ):
        process.show(_START)
    assert capfd.readouterr().err == ""


def test_one_that_never_started_is_an_error() -> None:
    program = (sys.executable, "-c", "raise SystemExit(3)")
    with pytest.raises(ViewerError, match="unexpectedly"), WindowProcess(program) as process:
        process.show(_START)


def test_an_interrupted_window_interrupts_the_command() -> None:
    with pytest.raises(KeyboardInterrupt), _process("channel.sendall(b'130\\n')") as process:
        process.show(_START)


def test_it_ends_with_the_command() -> None:
    """The window reads the end of the connection, and the command waits until it is closed."""
    with pytest.raises(ZeroDivisionError), _process("channel.recv(1); channel.sendall(b'130')") as process:
        process._started = True
        assert process._process.stdin is not None
        process._process.stdin.write(b"N.")
        process._process.stdin.close()
        raise ZeroDivisionError
    assert process._process.returncode == 0


def test_without_a_window_nothing_is_left() -> None:
    with pytest.raises(ViewerError), _process("") as process:
        raise ViewerError("no display")
    assert process._process.returncode == -9
