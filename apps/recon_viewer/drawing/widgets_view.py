"""Switches off what the view in which Open3D draws its widgets has no use for.

Open3D 0.20 computes ambient occlusion for each of its views, also for that of the widgets, where nothing shows it,
and has no setting for this view. It costs eight passes over the window for each frame; and the software driver of
Mesa 22.3 (lavapipe, Debian 12) puts uniforms on which a loop depends into a shader as constants whenever a pipeline
is bound, and frees none of these shaders (``update_inline_shader_state`` in lvp_execute.c): 2.2 MB for each frame,
for as long as the window is open. Four samples of each pixel take another 60 MB; text is as smooth without.

The view is found by its type: in the memory of the window's renderer, a scene and in it a view are objects whose
first word (the table of virtual functions) is the same as in a scene and a view that Python has. The system reads the
memory, and refuses what cannot be read. In other releases of Open3D, and where no view is found, nothing is changed.
"""

import ctypes
import os
import struct
from typing import Any, Final

import open3d

_TESTED: Final = "0.20."
"""Releases of Open3D in which this has been tried: elsewhere, what looks like a view may be one that was freed."""
_WORD: Final = 8
_HEADER: Final = object.__basicsize__
"""Of a Python object: pybind11 stores the address of the C++ object behind it, bytes."""
_OBJECT_WORDS: Final = 64
"""Beginning of a renderer and of a scene in which their members are searched: at words 12 and 8 in Open3D 0.20."""
_NODE_WORDS: Final = 8
"""Of an entry in the table of a scene's views: the view is at word 2."""


def simplify_widgets_view(window: Any, scene: Any) -> bool:
    """Draws the widgets without ambient occlusion, one sample for each pixel; returns whether their view was found.

    Args:
        window: ``gui.Window``.
        scene: ``rendering.Open3DScene`` of that window.
    """
    if not open3d.__version__.startswith(_TESTED):
        return False
    view = scene.view
    try:
        with _Memory() as memory:
            found = _widgets_view(memory, window.renderer, scene)
    except OSError:  # there is no /proc: not Linux
        return False
    if found is None:
        return False
    # The setters of Python's view, applied to the other one.
    address = ctypes.c_uint64.from_address(id(view) + _HEADER)
    own = address.value
    address.value = found
    try:
        view.set_ambient_occlusion(False)
        view.set_sample_count(1)
    finally:
        address.value = own
    return True


class _Memory:
    """Reads the memory of this process: what cannot be read is nothing, not a crash."""

    def __enter__(self) -> "_Memory":
        self._file = os.open("/proc/self/mem", os.O_RDONLY)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def words(self, address: int, count: int) -> tuple[int, ...]:
        """``count`` words, or as many as can be read."""
        try:
            read = os.pread(self._file, count * _WORD, address)
        except (OSError, OverflowError):
            return ()
        return struct.unpack(f"={len(read) // _WORD}Q", read[: len(read) // _WORD * _WORD])

    def word(self, address: int) -> int:
        """The word at an address; 0 if it cannot be read."""
        return next(iter(self.words(address, 1)), 0)

    def address(self, of: Any) -> int:
        """Of the C++ object of a Python object."""
        return self.word(id(of) + _HEADER)


def _widgets_view(memory: _Memory, renderer: Any, scene: Any) -> int | None:
    """The address of the only view of the only scene that the renderer itself holds; None: not found."""
    scene_type = memory.word(memory.address(scene.scene))
    view_type = memory.word(memory.address(scene.view))
    if not (_is_in_open3d(scene_type) and _is_in_open3d(view_type)):
        return None
    scenes = {
        held
        for held in memory.words(memory.address(renderer), _OBJECT_WORDS)
        if memory.word(held) == scene_type
    }
    views = {
        held
        for one in scenes
        for node in memory.words(one, _OBJECT_WORDS)
        for held in memory.words(node, _NODE_WORDS)
        if memory.word(held) == view_type
    }
    return views.pop() if len(views) == 1 else None


def _is_in_open3d(address: int) -> bool:
    """Whether an address belongs to Open3D's library, as tables of virtual functions do."""
    # Files of any name are mapped, also of one that is not UTF-8.
    with open("/proc/self/maps", errors="replace") as mappings:
        for line in mappings:
            if "open3d" in line.lower():
                first, _, last = line.split()[0].partition("-")
                if int(first, 16) <= address < int(last, 16):
                    return True
    return False
