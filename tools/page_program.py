"""Builds the program of .html scenes, three.js included, into one file: ``python -m tools.page_program``.

The file is in the repository, so that an installation needs no Node.js. npm fetches three.js and esbuild, pinned by
``package-lock.json`` in ``recon/export/formats/html/web``, into a temporary folder. ``--check`` builds it again and
exits with 1 where the bytes in the repository are not those that the sources build; ``./dev test`` in CI runs it.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.import_graph import ROOT

WEB = ROOT / "recon" / "export" / "formats" / "html" / "web"
BUNDLE = WEB / "viewer.min.js"
TIME_LIMIT_S = 300
# WebGL 2 is in all of these; syntax of later years would lose some for nothing.
OPTIONS = ("--bundle", "--minify", "--format=iife", "--target=es2022", "--legal-comments=none")


class NotBuilt(Exception):
    """npm or esbuild is missing or failed; the message says which and why."""


def build() -> str:
    """The program that the sources build.

    Raises:
        NotBuilt: npm is missing, failed or did not answer.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NotBuilt("npm is not installed; install Node.js (with npm).")
    try:
        with tempfile.TemporaryDirectory() as temporary:
            return _build(Path(temporary), npm)
    except subprocess.TimeoutExpired as error:
        raise NotBuilt(f"npm did not answer within {TIME_LIMIT_S} s.") from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "").strip()
        raise NotBuilt(f"{error.cmd[0]} failed: {said[-500:] or 'no message'}") from error


def first_line() -> str:
    """Of the program: a digest of its sources, by which a change of them is seen without Node.js."""
    digest = hashlib.sha256(" ".join(OPTIONS).encode())
    for path in [*sorted((WEB / "src").glob("*.js")), WEB / "package-lock.json"]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return (
        f"/* The viewer of recon's web pages, tools/page_program.py; sources {digest.hexdigest()[:16]} */\n"
    )


def _build(folder: Path, npm: str) -> str:
    shutil.copytree(WEB / "src", folder / "src")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(WEB / name, folder / name)
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)
    modules = folder / "node_modules"
    output = folder / BUNDLE.name
    esbuild = modules / "esbuild" / "bin" / "esbuild"
    # The file is a script of node, or the program itself where npm has put it there.
    launcher = ["node", str(esbuild)] if esbuild.read_bytes()[:2] == b"#!" else [str(esbuild)]
    _run([*launcher, "src/main.js", *OPTIONS, f"--outfile={output}"], folder)
    licence = (modules / "three" / "LICENSE").read_text("utf-8").strip()
    notice = f"{first_line()}/* Contains three.js, https://threejs.org:\n\n{licence}\n*/\n"
    return notice + output.read_text("utf-8")


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=TIME_LIMIT_S)


def main(words: list[str] | None = None) -> str | None:
    """Writes the program, or compares it with ``--check``; returns what is wrong, or None."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; compare")
    checks = parser.parse_args(words).check
    try:
        program = build()
    except NotBuilt as error:
        return str(error)
    if not checks:
        BUNDLE.write_text(program, "utf-8", newline="\n")
    elif not BUNDLE.exists() or BUNDLE.read_bytes() != program.encode():
        return f"{BUNDLE.relative_to(ROOT)} is not what its sources build; run: python -m tools.page_program"
    return None


if __name__ == "__main__":
    sys.exit(main())
