"""Entry point of the ``recon`` command; slow imports come after the handlers for Ctrl-C are installed."""

import io
import sys

from recon_cli.signals import Stopped, unwind_at_signals


def main() -> None:
    """Runs the command line; exits with 0, 1 (something to fix), 2 (usage), or 128 and the signal that ended it."""
    try:
        unwind_at_signals()
        for stream in (sys.stdout, sys.stderr):
            # File names may contain bytes that are not valid text: they are shown escaped.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        from recon_cli.group import recon

        recon.main(prog_name="recon")
    except KeyboardInterrupt:
        sys.exit(130)
    except Stopped as stop:
        sys.exit(stop.exit_code)


if __name__ == "__main__":
    main()
