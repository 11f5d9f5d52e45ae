"""Finds actions by words that a person types, which need not be those of the menu."""

import re

from recon_viewer.ui.shortcuts import ACTIONS, Action

_ALSO = {
    "open": "load import photo picture file browse",
    "open-depth": "load import sensor lidar measured",
    "paste": "clipboard",
    "save": "store npz project",
    "export": "save as convert ply obj usdz stl las model download",
    "screenshot": "screenshot screen shot picture png capture render",
    "page": "html browser share website",
    "film": "video movie animation mp4 gif record turntable",
    "close-layer": "remove delete",
    "quit": "exit close leave",
    "undo": "back revert",
    "redo": "again forward",
    "copy": "clipboard lengths",
    "csv": "table spreadsheet excel lengths export",
    "clear": "delete erase reset lengths",
    "cancel": "stop abort",
    "photo-camera": "camera original start home reset",
    "top": "floor plan bird ceiling above map",
    "side": "left right elevation",
    "front": "elevation",
    "fit": "zoom all whole frame reset home",
    "cloud": "point cloud dots",
    "mesh": "surface triangles solid texture",
    "wireframe": "wires edges lines",
    "depth-colours": "colors heatmap distance range",
    "colours": "colors normals error uncertainty confidence accuracy difference comparison",
    "grid": "ground metres ruler",
    "axes": "coordinates xyz origin",
    "frustum": "camera frame pyramid",
    "labels": "texts values numbers hide lengths",
    "pictures": "hide panel left original image",
    "swapped": "exchange bigger larger image",
    "beside": "compare split two views difference",
    "panel": "hide sidebar settings options sliders",
    "dark": "theme background white black bright colour",
    "bigger": "size thick",
    "smaller": "size thin",
    "cut-ceiling": "section clip slice roof above hide remove",
    "whole": "section clip slice reset remove uncut limits",
    "look": "navigate orbit rotate hand none",
    "distance": "measure length size width tape ruler how long",
    "polyline": "measure length path perimeter several",
    "angle": "measure corner degrees slope",
    "height": "measure tall floor above elevation",
    "known length": "scale calibrate metres meters rescale size reference wrong",
    "known distance": "scale calibrate metres meters rescale size reference",
    "known rectangle": "scale calibrate metres meters rescale size reference door sheet",
    "camera height": "scale calibrate metres meters rescale size reference tripod",
    "forget-known": "scale reset calibrate delete",
    "rectangle": "cut select trim clip delete part",
    "crop": "cut trim clip delete part box limits",
    "crop-section": "cut trim clip delete part box limits slice",
    "run-again": "model network depth estimate better change quality",
    "sample": "demo example try room",
    "help": "shortcuts keyboard manual hotkeys how",
    "find": "search palette",
    "about": "version licence license",
}
"""Other words for an action, by its name."""
_WORD = re.compile(r"[^\W_]+")
_NO_MATCH = 5


def found(typed: str) -> list[Action]:
    """The actions that match every word, also by its first letters; best first, all without a word."""
    words = _WORD.findall(typed.lower())
    matching = [action for action in ACTIONS if all(_rank(action, word) < _NO_MATCH for word in words)]
    return sorted(matching, key=lambda action: sum(_rank(action, word) for word in words))


def _rank(action: Action, word: str) -> int:
    """A word of the menu counts most, then another word for it, then the beginning of one, then its sentence."""
    name, also, sentence = (
        set(_WORD.findall(text.lower()))
        for text in (action.text, _ALSO.get(action.name, ""), f"{action.help} {action.menu}")
    )
    begins = (any(one.startswith(word) for one in words) for words in (name, also, sentence))
    return next((rank for rank, fits in enumerate((word in name, word in also, *begins)) if fits), _NO_MATCH)
