"""``recon view --web``: shows scenes as web pages in a browser, for machines that cannot open a window."""

import webbrowser
from dataclasses import replace
from pathlib import Path
from shlex import quote

from recon.errors import PhotoError, SceneFileError
from recon.file_info import is_geometry
from recon.join.joined_file import is_joined, load
from recon.join.outputs import check_outputs, save_all
from recon.journal import Journal
from recon.options import Options, Shape
from recon.scene import Scene
from recon.scene_file import SUFFIX
from recon.temporary_folders import page_folder


def open_pages(paths: list[tuple[Path, Options]], shape: Shape | None, journal: Journal) -> list[Path]:
    """Writes a page for each photo or scene into a new temporary folder and opens it in the browser.

    Returns:
        The pages; they are not deleted at exit, because the browser may still need them.

    Raises:
        ReconError: A file cannot be opened, or is an exported file, which cannot be shown as a page.
    """
    pages = []
    with page_folder() as folder:
        for number, (path, options) in enumerate(paths, start=1):
            page = folder / f"{number}-{path.stem}.html"
            if path.suffix.lower() == SUFFIX and is_joined(path):
                _save_joined(path, options, page, shape, journal)
            else:
                _scene(path, options, journal).save(page, shape=shape)
            if not webbrowser.open(page.as_uri()):
                journal.warn("web", f"no browser was found: open {page} in a browser")
            pages.append(page)
    return pages


def _save_joined(path: Path, options: Options, page: Path, shape: Shape | None, journal: Journal) -> None:
    check_outputs([page], shape, overwrite=False)
    save_all(replace(load(path), options=options), [page], shape, journal, overwrite=False)


def _scene(path: Path, options: Options, journal: Journal) -> Scene:
    if not path.exists():
        raise PhotoError(f"{path} does not exist")
    if path.suffix.lower() == ".html":
        raise SceneFileError(f"{path} is a web page already: open it in a browser")
    if is_geometry(path):
        scene = quote(path.stem + SUFFIX)
        raise SceneFileError(
            f"{path}: --web shows only photos and scenes (.npz); without --web, a window shows this file. For a "
            f"page, build a scene: recon build PHOTO -o {scene} && recon view --web {scene}"
        )
    if path.suffix.lower() == SUFFIX:
        return Scene.load(path).with_options(options)
    from recon.pipeline import reconstruct

    return reconstruct(path, options, journal=journal)
