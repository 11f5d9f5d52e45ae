"""Files of ``recon features``: a picture of each layer, their shapes, and one page with all."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recon.atomic_write import staged
from recon.depth.nets.layer_features import Feature
from recon.provenance import without_folder
from recon.report.page import Section, facts, figure, grid, page, write_page
from recon.report.pictures import jpeg_uri, reduced
from recon.types import Photo

PAGE, VALUES = "index.html", "features.json"
_LARGE_PX = 320
"""Longer side of a picture of a layer: smaller maps are enlarged, pixel by pixel."""
_TITLES = {
    "layer": "Encoder layers",
    "attention": "Attention",
    "encoder map": "Encoder: feature maps",
    "map": "Decoder",
}
_NOTES = {
    "layer": "Tokens of the first, the middle and the last layer of each encoder. Colours: the first three principal "
    "components as red, green and blue. Similar colours in one picture: similar features; colours of two pictures "
    "cannot be compared.",
    "attention": "How much each patch receives in the last layer of each encoder, averaged over the heads: from the "
    "class token, else from all tokens. Bright: much.",
    "encoder map": "Feature maps of the convolutions before the encoder's layers, in the order in which they are "
    "computed.",
    "map": "Feature maps of the decoder's stages, in the order in which they are computed.",
}
_AGAIN = "The network looked at the photo again, such as at a larger copy. "


def write_features(
    features: Sequence[Feature], photo: Photo, model: str, folder: Path, *, overwrite: bool
) -> list[Path]:
    """Writes the page, the shapes (JSON) and the pictures into a folder that exists.

    Raises:
        ExportError: A file exists, or cannot be written.
    """
    model = without_folder(model)
    paths: list[Path] = []
    values: list[dict[str, Any]] = []
    for number, feature in enumerate(features, start=1):
        name = None
        if feature.picture is not None:
            name = f"{number:02d}_{feature.name}.png"
            with staged(folder / name, overwrite=overwrite) as temporary:
                Image.fromarray(_enlarged(feature.picture)).save(temporary, "PNG")
            paths.append(folder / name)
        shape, run = list(feature.shape), feature.run
        values.append(
            {"name": feature.name, "kind": feature.kind, "run": run, "shape": shape, "picture": name}
        )
    with staged(folder / VALUES, overwrite=overwrite) as temporary:
        temporary.write_text(json.dumps({"model": model, "features": values}, indent=1), encoding="utf-8")
    write_page(folder / PAGE, features_page(features, photo, model), overwrite=overwrite)
    return [folder / PAGE, folder / VALUES, *paths]


def features_page(features: Sequence[Feature], photo: Photo, model: str) -> str:
    """The page as HTML, with the pictures in it."""
    sections = [Section("Photo", grid([figure(jpeg_uri(reduced(photo.rgb)), photo.name or "photo")]))]
    for run in range(1, 1 + max(feature.run for feature in features)):
        for part, title in _TITLES.items():
            figures = [_figure(each) for each in features if (_part(each), each.run) == (part, run)]
            again = run > 1
            if figures:
                heading = f"{title}, run {run}" if again else title
                sections.append(Section(heading, grid(figures), _AGAIN * again + _NOTES[part]))
    lead = facts([("model", model), ("photo", f"{photo.width} x {photo.height} px")])
    return page(f"Features of {model}", lead, sections)


def _part(feature: Feature) -> str:
    """The part of the page that shows it."""
    in_encoder = feature.kind == "map" and "encoder" in feature.name.split(".")
    return "encoder map" if in_encoder else feature.kind


def _figure(feature: Feature) -> str:
    shape = " x ".join(map(str, feature.shape))
    if feature.picture is None:
        blank = np.full((1, 1, 3), 128, np.uint8)
        return figure(jpeg_uri(blank), feature.name, f"{shape}; no picture: not finite, or no map")
    return figure(jpeg_uri(_enlarged(feature.picture)), feature.name, shape)


def _enlarged(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    times = max(1, _LARGE_PX // max(picture.shape[:2]))
    return np.asarray(picture.repeat(times, 0).repeat(times, 1), np.uint8)
