"""Forms read their fields while they are open: Open3D frees the fields of a closed dialog."""

from types import SimpleNamespace
from typing import Any

import pytest

from recon.options import Options

pytest.importorskip("open3d", reason="Open3D is not installed, or lacks its system libraries")

_VALUES = {
    "selected_index": 0, "selected_text": "a", "checked": True, "int_value": 640, "text_value": "", "visible": True
}  # fmt: skip


class _Window:
    """Knows whether its dialog is open."""

    theme = SimpleNamespace(font_size=16)
    is_open = True

    def close_dialog(self) -> None:
        """Frees the fields."""
        self.is_open = False

    def show_dialog(self, dialog: object) -> None:
        """Opens it."""


def _widgets(window: _Window) -> Any:
    """Stands for Open3D's widgets."""

    class Widget:
        INT = DOUBLE = 0

        def __init__(self, *_: object) -> None:
            pass

        def __getattr__(self, name: str) -> Any:
            if name not in _VALUES:
                return lambda *_: None
            assert window.is_open, f"{name} of a field that is freed"
            return _VALUES[name]

        def __setattr__(self, name: str, value: object) -> None:
            pass

    names = [
        "Button",
        "Checkbox",
        "Color",
        "Combobox",
        "Dialog",
        "Horiz",
        "Label",
        "Margins",
        "NumberEdit",
        "TextEdit",
        "VGrid",
        "Vert",
    ]
    return SimpleNamespace(**dict.fromkeys(names, Widget))


@pytest.mark.parametrize("name", ["export", "film", "picture", "choose"])
def test_nothing_is_read_from_a_form_that_is_closed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from recon_viewer.ui import dialogs as dialogs_module
    from recon_viewer.ui import forms as forms_module

    window = _Window()
    for module in (dialogs_module, forms_module):
        monkeypatch.setattr(module, "gui", _widgets(window))
    dialogs = dialogs_module.Dialogs(window, lambda: None)
    forms, given = forms_module.Forms(dialogs), []

    def chosen(*values: object) -> None:
        assert not window.is_open, "the file dialog would open over the form"
        given.append(values)

    if name == "export":
        forms.export(Options(), True, chosen)
    elif name == "film":
        forms.film(["orbit"], [".mp4"], chosen)
    elif name == "picture":
        forms.picture((640, 480), chosen)
    else:
        dialogs.choose("Which?", "One of them", ["a", "b"], chosen)
    assert dialogs.key("enter") and given
