"""Everything between a weights file and a shipped preview, but for looking at it.

python -m tools.preview.ship --pairs ../shared/train --run-dir runs/card            # prints the model card's tables
python -m tools.preview.ship ... --write --before before.jpg --spent "3 h of one core, about 0.05 kWh"

With ``--write`` it calibrates the uncertainty (stored in the weights file), fits the error model (stored in
``recon/calibration/error_models.json``), and puts the tables and the sheet of pictures into the model card. Pictures
are photos of places, and generated views of seeds, that no training sees; the evaluation pairs are never read.
"""

import argparse
import re
import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import cv2
import numpy as np

import recon
from recon.depth.nets.preview_look import Weights, read_weights
from recon.depth.preview import Preview
from recon.error_model import ErrorModel
from recon.evaluate.error_model.fit import Coverage, fit_error_model, save_error_model
from recon.evaluate.error_model.residuals import collect
from recon.journal import Journal
from recon.options import Options
from recon.types import DepthEstimate, MetricDepth, Photo
from tools.bench.network import int8_of_preview
from tools.preview.contact_sheet import row, sheet
from tools.preview.export import add_metadata
from tools.preview.held_out_pictures import Picture, generated_views, photos_of_held_out_places
from tools.preview.scores import LEGEND, log_ratio, means, score, table
from tools.preview.uncertainty import Errors, fit_factor, fit_power, tables

ROOT = Path(__file__).parents[2]
CARD = Path(__file__).parent / "MODEL_CARD.md"
SHEET = Path(__file__).parent / "model_card.jpg"
ERROR_MODELS = ROOT / "recon" / "calibration" / "error_models.json"
BUNDLED = ROOT / "recon" / "depth" / "preview.safetensors"
BEGIN, END = "<!-- written by tools/preview/ship.py -->", "<!-- end -->"
BENCHMARKS = ROOT / "docs" / "benchmarks.md"
INT8 = re.compile(r"int8 in the preview network's transformer changes .*")
SHEET_KINDS = ("room", "street", "landscape", "portrait", "animal", "closeup", "crowd")
"""Kinds of the generated views on the sheet, after the sample photos."""


@dataclass(frozen=True)
class Looked:
    """A picture and what the network makes of it."""

    picture: Picture
    estimate: DepthEstimate

    @property
    def depth(self) -> MetricDepth:
        """The estimated depth."""
        assert isinstance(self.estimate.depth, MetricDepth)
        return self.estimate.depth


def look_at(pictures: Sequence[Picture], estimator: Preview) -> list[Looked]:
    """Runs the estimator on all pictures, with the focal length where it is known."""
    journal = Journal()
    return [
        Looked(picture, estimator.estimate(picture.photo, focal_px=picture.focal_px, journal=journal))
        for picture in pictures
    ]


def errors_of(looked: Sequence[Looked], weights: Weights) -> Errors:
    """Errors, with the standard deviations that the network predicts before their calibration."""
    samples = [log_ratio(one.picture, one.estimate) for one in looked]
    raw = [(error, (sigma / weights.sigma_factor) ** (1 / weights.sigma_power)) for error, sigma in samples]
    return Errors.of(raw, [one.picture.group for one in looked])


def error_model_of(looked: Sequence[Looked], from_now: float, power: float) -> tuple[ErrorModel, Coverage]:
    """Fits the error model on photos of known scale.

    Args:
        looked: Photos of held-out places.
        from_now: Calibrated standard deviations are ``from_now * (those in the estimates) ** power``.
        power: See ``from_now``.
    """
    residuals = []
    for one in looked:
        log_sigma = one.depth.log_sigma
        if not one.picture.metric or log_sigma is None:
            continue
        height, width = log_sigma.shape
        depth = replace(one.depth, log_sigma=np.asarray(from_now * log_sigma**power, np.float32))
        residuals.append(
            collect(
                depth,
                one.picture.truth,
                width=width,
                height=height,
                intrinsics=one.picture.camera,
                scene=one.picture.group,
            )
        )
    places = len({one.picture.group for one in looked if one.picture.metric})
    source = (
        f"{len(residuals)} photos of {places} places held out from the training (Kinect, RealSense, structured "
        f"light, car lidar, a render), {date.today().isoformat()}"
    )
    return fit_error_model(residuals, estimator="preview", source=source)


def core_seconds(estimator: Preview, picture: Picture, repeats: int = 5) -> float:
    """Processor time of an estimate of a 1 megapixel photo, the median after a first one."""
    rgb = cv2.resize(picture.rgb, (1152, 864), interpolation=cv2.INTER_CUBIC)
    photo = Photo(rgb=np.asarray(rgb, np.uint8))
    times = []
    for _ in range(1 + repeats):
        start = time.process_time()
        estimator.estimate(photo, focal_px=None, journal=Journal())
        times.append(time.process_time() - start)
    return float(np.median(times[1:]))


def after_sheet(views: Sequence[Picture], estimator: Preview | None, degrees: float = 20.0) -> np.ndarray:
    """Ten pictures: the sample photos, and a generated view of each of ``SHEET_KINDS``; None: the bundled preview."""
    scenes = [
        recon.reconstruct(path, Options(model="preview", stride=2), estimator=estimator)
        for path in sorted((ROOT / "sample_data").glob("*.jpg"))
    ]
    for kind in SHEET_KINDS:
        picture = max((view for view in views if view.group == kind), key=lambda view: view.rgb.shape[1])
        options = Options(model="preview", focal_px=picture.focal_px)
        scenes.append(recon.reconstruct(picture.photo, options, estimator=estimator))
    return sheet([row(scene, degrees) for scene in scenes])


def main() -> None:
    """Print, and with ``--write`` store, all that follows from a weights file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--weights", type=Path, default=BUNDLED)
    add("--pairs", type=Path, required=True, help="folder of the training pairs")
    add("--run-dir", type=Path, default=Path("runs/card"), help="holds the generated views")
    add("--per-kind", type=int, default=4, help="generated views of each kind")
    add("--pixels", type=int, default=86400, help="of a generated view")
    add("--write", action="store_true", help="calibrate, fit, and write the model card")
    add("--before", type=Path, help="the sheet of the previous preview")
    add("--spent", help="what the training took: time, machine, energy; needed to write")
    add(
        "--reading",
        action="append",
        default=[],
        help="a reading of the evaluation pairs; as many as there were",
    )
    args = parser.parse_args()
    if args.write and not args.spent:
        parser.error("--write needs --spent: the model card says what the training took")
    weights, estimator = read_weights(args.weights), Preview(args.weights)
    views = generated_views(args.run_dir, args.per_kind, args.pixels)
    photos = look_at(photos_of_held_out_places(args.pairs), estimator)
    generated = look_at(views, estimator)
    on_photos, on_views = errors_of(photos, weights), errors_of(generated, weights)
    power = fit_power([on_photos, on_views])
    factor = fit_factor(on_photos, power)
    # The estimates hold sigma = f p^q of the file's f and q: F p^P = F (sigma / f)^(P / q).
    relative = power / weights.sigma_power
    model, coverage = error_model_of(photos, factor / weights.sigma_factor**relative, relative)
    parts = [
        f"Weights of {weights.samples:,} samples; {len(photos)} photos of held-out places and {len(views)} "
        f"generated views of held-out seeds, by the estimator at their own size, {date.today().isoformat()}.",
        f"Spent on the training: {args.spent}." if args.spent else "",
        " ".join(args.reading) or "No evaluation pair was read for these weights.",
        f"### Errors\n\n{LEGEND}",
        table(
            "held-out place", means([one.picture for one in photos], [score(*pair(one)) for one in photos])
        ),
        table("generated kind", means(views, [score(*pair(one)) for one in generated])),
        f"### Uncertainty\n\nsigma = {factor:.4f} predicted^{power:.3f}: the factor from the held-out places, "
        "the power from these and the generated views. Share of the errors of log depth (after one scale for each "
        "picture) within the intervals, then predicted and found standard deviations by tenths of the pixels, the "
        "surest first:",
        tables(
            {
                "held-out places": on_photos.calibrated(factor, power),
                "generated views": on_views.calibrated(factor, power),
            }
        ),
        f"Error model: scale {model.scale}, smooth {model.smooth}, reach {model.reach}, local {model.local}, at "
        f"log_sigma {model.typical_sigma}; {coverage.summary}; single pixels {100 * coverage.pixel:.1f} %.",
        f"Time: {core_seconds(estimator, views[0]):.2f} s of one core for a photo of 1 megapixel.",
    ]
    text = "\n\n".join(_wrapped(part) for part in parts if part)
    print(text)
    if args.write:
        add_metadata(args.weights, {"sigma_factor": f"{factor:.6g}", "sigma_power": f"{power:.6g}"})
        save_error_model(ERROR_MODELS, model)
        _write(text, after_sheet(views, Preview(args.weights)), args.before)
        updated = re.sub(INT8, lambda _: int8_of_preview(), BENCHMARKS.read_text(encoding="utf-8"))
        BENCHMARKS.write_text(updated, encoding="utf-8")


def pair(one: Looked) -> tuple[Picture, DepthEstimate]:
    """For ``score``."""
    return one.picture, one.estimate


def _wrapped(part: str) -> str:
    """Prose in lines of 118 characters; tables as they are."""
    lines = part.split("\n")
    return "\n".join(line if line.startswith("|") else textwrap.fill(line, 118) for line in lines)


def _write(text: str, after: np.ndarray, before: Path | None) -> None:
    card = CARD.read_text(encoding="utf-8")
    head, rest = card.split(BEGIN)
    _, tail = rest.split(END)
    CARD.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")
    rows = after
    if before is not None:
        old = np.asarray(cv2.cvtColor(np.asarray(cv2.imread(str(before))), cv2.COLOR_BGR2RGB))
        width = max(old.shape[1], after.shape[1])
        padded = [
            np.pad(each, ((0, 12), (0, width - each.shape[1]), (0, 0)), constant_values=255)
            for each in (old, after)
        ]
        rows = np.concatenate(padded)
    cv2.imwrite(str(SHEET), rows[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])


if __name__ == "__main__":
    main()
