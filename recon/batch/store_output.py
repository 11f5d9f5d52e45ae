"""Writes the outputs of a scene to an object store: to a folder on this machine first, then each file in one put."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recon.batch.item import Item, Maker
from recon.batch.store import put
from recon.batch.store_path import StorePath
from recon.errors import ReconError
from recon.journal import Journal
from recon.scene import Scene
from recon.temporary_folders import process_folder


def write_to_store(
    scene: Scene, item: Item, maker: Maker, journal: Journal
) -> tuple[list[dict[str, Any]], dict[Path, list[int]]]:
    """Writes the outputs of one scene, whole under their names or not at all; existing objects are replaced.

    A main file is put after its sidecars, so that it never refers to one that is missing.

    Args:
        scene: The scene.
        item: Its targets are in one folder of a store.
        maker: Writes the files.
        journal: Receives what the maker reports, with URLs.

    Returns:
        What the maker reports of each output, and what the store says of each file.

    Raises:
        ReconError: A file cannot be made, or not be put.
    """
    folder, names = item.targets[0].path.parent, {target.path.name for target in item.targets}
    assert isinstance(folder, StorePath)
    contents: dict[Path, list[int]] = {}
    own = Journal()
    with TemporaryDirectory(dir=process_folder()) as name:
        local = [each for each in maker.targets(Path(name, Path(item.name).name)) if each.path.name in names]
        try:
            written = maker.write(scene, local, own, overwrite=True)
        except ReconError as error:
            error.args = (_renamed(str(error), name, folder),)
            raise
        for file in (file for target in local for file in reversed(target.files)):
            path = folder / file.relative_to(name).as_posix()
            contents[path] = put(file, path).as_row()
    add = {"decision": journal.decide, "warning": journal.warn, "detail": journal.detail}
    for entry in own.entries:
        message, values = _renamed((entry.message, entry.values), name, folder)
        add[entry.kind](entry.topic, message, **values)
    return _renamed(written, name, folder), contents


def _renamed(value: Any, local: str, folder: StorePath) -> Any:
    """Strings, and what holds strings, with the store's folder in place of the one on this machine."""
    if isinstance(value, str):
        return value.replace(local, str(folder))
    if isinstance(value, Mapping):
        return {key: _renamed(each, local, folder) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_renamed(each, local, folder) for each in value)
    return value
