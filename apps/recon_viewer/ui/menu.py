"""The menu bar, generated from the table of actions."""

from collections.abc import Callable
from typing import Any

from open3d.visualization import gui

from recon_viewer.ui.shortcuts import ACTIONS

_FIRST_ID = 100


def build_menu(window: Any, act: Callable[[str], None]) -> None:
    """Creates the application's menu bar; every item calls ``act`` with the name of its action."""
    bar = gui.Menu()
    for name in dict.fromkeys(action.menu for action in ACTIONS):
        menu = gui.Menu()
        for number, action in enumerate(ACTIONS):
            if action.menu == name:
                keys = f"    {action.key_text}" if action.key else ""
                menu.add_item(action.text + keys, _FIRST_ID + number)
        bar.add_menu(name, menu)
    gui.Application.instance.menubar = bar
    for number, action in enumerate(ACTIONS):
        window.set_on_menu_item_activated(
            _FIRST_ID + number,
            lambda name=action.name: act(name),
        )
