"""Build hook: bundles the program of .html scenes, three.js included, into one file of the package.

npm fetches three.js and esbuild, pinned by ``package-lock.json`` in ``recon/export/formats/html/web``, into a
temporary folder. If npm is missing or fails, recon is built without the file, prints a note, and the .html writer
says how to fix it. ``python hatch_build.py`` does the same by hand, after a change in ``web/src``.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface  # type: ignore[import-not-found]
except ImportError:  # by hand, where hatchling is not installed
    BuildHookInterface = object

WEB = Path(__file__).parent / "recon" / "export" / "formats" / "html" / "web"
BUNDLE = WEB / "viewer.min.js"
TIME_LIMIT_S = 300
# WebGL 2 is in all of these; syntax of later years would lose some for nothing.
TARGET = "es2022"


class CustomBuildHook(BuildHookInterface):
    """What hatchling calls before it makes a wheel, an editable install or a source archive."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        problem = bundle()
        if problem:
            self.app.display_warning(f"recon is built without its .html writer: {problem}")


def bundle() -> str | None:
    """Makes the bundle where it is missing or older than its sources; returns what was in the way, or None."""
    digest = _digest()
    if BUNDLE.exists() and BUNDLE.read_text("utf-8").startswith(_first_line(digest)):
        return None
    # Of other sources than the page that it would go into.
    BUNDLE.unlink(missing_ok=True)
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return "npm is not installed; install Node.js (with npm) and build again."
    try:
        with tempfile.TemporaryDirectory() as temporary:
            _build(Path(temporary), npm, digest)
    except subprocess.TimeoutExpired:
        return f"npm did not answer within {TIME_LIMIT_S} s."
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "").strip()
        return f"{error.cmd[0]} failed: {said[-500:] or 'it did not say why'}"
    return None


def _build(folder: Path, npm: str, digest: str) -> None:
    shutil.copytree(WEB / "src", folder / "src")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(WEB / name, folder / name)
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)
    modules = folder / "node_modules"
    output = folder / BUNDLE.name
    esbuild = modules / "esbuild" / "bin" / "esbuild"
    options = ["--bundle", "--minify", "--format=iife", f"--target={TARGET}", "--legal-comments=none"]
    # The file is a script of node, or the program itself where npm has put it there.
    launcher = ["node", str(esbuild)] if esbuild.read_bytes()[:2] == b"#!" else [str(esbuild)]
    _run([*launcher, "src/main.js", *options, f"--outfile={output}"], folder)
    licence = (modules / "three" / "LICENSE").read_text("utf-8").strip()
    notice = f"{_first_line(digest)}/* Contains three.js, https://threejs.org:\n\n{licence}\n*/\n"
    program = output.read_text("utf-8")
    # Under its final name only when it is whole.
    partial = BUNDLE.with_suffix(".part")
    partial.write_text(notice + program, "utf-8", newline="\n")
    partial.replace(BUNDLE)


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=TIME_LIMIT_S)


def _digest() -> str:
    """Of everything that the bundle is made from."""
    digest = hashlib.sha256()
    for path in [*sorted((WEB / "src").glob("*.js")), WEB / "package-lock.json", Path(__file__)]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def _first_line(digest: str) -> str:
    return f"/* The viewer of recon's web pages, made by hatch_build.py; sources {digest[:16]} */\n"


if __name__ == "__main__":
    sys.exit(bundle())
