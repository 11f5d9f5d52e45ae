"""Measure a training: held-out generated scenes by kind, real pairs one by one, priors beside them.

  python -m tools.preview.evaluate --run-dir runs/preview --pairs ../shared/data/rgbd

writes RUN/evaluation.md, RUN/evaluation.json and RUN/evaluation.png (photo, network, truth). The real pairs
are measured here and used nowhere else.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from recon.depth.nets.preview import NetworkConfig, PreviewNet, look
from tools.preview.checkpoint import load_checkpoint
from tools.preview.heldout import focal_correlation, held_out, score
from tools.preview.metrics import depth_errors
from tools.preview.pairs import Pair, read_pairs
from tools.preview.trainer import Trainer

_ROWS_USED = 33


def load_average(run_dir: Path) -> tuple[PreviewNet, int]:
    """Return the averaged network of a run's checkpoint and the samples that it has seen."""
    trainer = Trainer(NetworkConfig(), rate=1e-3, seed=0)
    trainer.load_state(load_checkpoint(run_dir / "checkpoint.pt"))
    return trainer.averaged(), trainer.samples


def predict(net: PreviewNet, rgb: NDArray[np.uint8], pixels: int) -> tuple[NDArray, NDArray, float]:
    """Return log canonical inverse depth and sky probability (H, W) at the photo's size, and f / W."""
    height, width = rgb.shape[:2]
    out = look(net, rgb, pixels)
    log_c = cv2.resize(out.log_inverse[0].numpy(), (width, height), interpolation=cv2.INTER_LINEAR)
    sky = cv2.resize(torch.sigmoid(out.sky_logit[0]).numpy(), (width, height), interpolation=cv2.INTER_LINEAR)
    return log_c, sky, float(np.exp(out.log_focal[0].item()))


def row_mean_prior(pairs: list[Pair], left_out: int) -> NDArray[np.float64]:
    """Return the mean row curve of 1/z (scaled to median 1) of the other pairs of the same place: a strong rival.

    It has seen real photos of the same sensors, which the network has not.
    """
    curves = []
    for k, pair in enumerate(pairs):
        if k == left_out or pair.place != pairs[left_out].place:
            continue
        if pair.name.startswith("7scenes") and pairs[left_out].name.startswith("7scenes"):
            continue  # frames of one room are no independent sample
        inverse = np.where(pair.valid, 1 / np.maximum(pair.depth_m, 0.1), np.nan)
        inverse /= np.nanmedian(inverse)
        curves.append([_mean_known(r) for r in np.array_split(inverse, _ROWS_USED)])
    means = np.array([_mean_known(column) for column in np.array(curves).T])
    known = np.isfinite(means)
    at = np.arange(_ROWS_USED)
    return np.interp(at, at[known], means[known])  # a LiDAR leaves the top rows empty


def _mean_known(values: NDArray) -> float:
    numbers = values[np.isfinite(values)]
    return float(numbers.mean()) if len(numbers) else float("nan")


def spread_rows(curve: NDArray, height: int, width: int) -> NDArray[np.float64]:
    """Return a map (height, width) whose rows follow a curve over the picture's height."""
    centres = (np.arange(len(curve)) + 0.5) / len(curve)
    column = np.interp((np.arange(height) + 0.5) / height, centres, curve)
    return np.repeat(column[:, None], width, axis=1)


def measure_pairs(net: PreviewNet, pairs: list[Pair], prior: dict, pixels: int) -> list[dict[str, object]]:
    """Return one row of errors for each pair: the network and the two priors."""
    rows = []
    for k, pair in enumerate(pairs):
        height, width = pair.depth_m.shape
        log_c, sky, guess = predict(net, pair.rgb, pixels)
        focal = pair.focal_over_width or guess
        known = depth_errors(focal / np.exp(log_c), pair.depth_m, pair.valid)
        own = depth_errors(guess / np.exp(log_c), pair.depth_m, pair.valid)
        v = (np.arange(height) + 0.5) / height
        curve = np.interp(v, prior["rows"], prior["log_canonical_inverse_depth"])
        shipped_z = focal / np.exp(np.repeat(curve[:, None], width, axis=1))
        shipped = depth_errors(shipped_z, pair.depth_m, pair.valid)
        real = depth_errors(
            1 / spread_rows(row_mean_prior(pairs, k), height, width), pair.depth_m, pair.valid
        )
        flat = depth_errors(np.ones_like(pair.depth_m), pair.depth_m, pair.valid)
        rows.append(
            {
                "name": pair.name,
                "place": pair.place,
                "aligned": known.aligned,
                "metric_known_focal": known.metric,
                "metric": own.metric,
                "focal_error": guess / pair.focal_over_width - 1 if pair.focal_over_width else None,
                "prior_aligned": shipped.aligned,
                "prior_metric": shipped.metric,
                "real_rows_aligned": real.aligned,
                "flat_aligned": flat.aligned,
                "sky_over_depth": float((sky > 0.5)[pair.valid].mean()),
            }
        )
    return rows


def mean_rows(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return means: 7-Scenes as one room, the other indoor pairs, indoors with 7-Scenes counted once, outdoors."""
    kitchen = [r for r in rows if str(r["name"]).startswith("7scenes")]
    inside = [r for r in rows if r["place"] == "indoor" and r not in kitchen]
    outside = [r for r in rows if r["place"] == "outdoor"]
    street = [r for r in outside if str(r["name"]).startswith("kitti")]
    one = _mean("7-Scenes kitchen, mean of its frames", kitchen) if kitchen else None
    means = [one] if one else []
    if inside:
        means.append(_mean("**indoors**, the kitchen counted once", [*inside, *means]))
    if outside:
        means += [_mean("**outdoors**", outside), *([_mean("**street** (KITTI)", street)] if street else [])]
    return means


def _mean(name: str, rows: list[dict[str, object]]) -> dict[str, object]:
    mean: dict[str, object] = {"name": name, "place": rows[0]["place"]}
    for key in rows[0]:
        values = [float(str(r[key])) for r in rows if key not in ("name", "place") and r[key] is not None]
        if values:
            mean[key] = float(np.mean(np.abs(values)))
        else:
            mean.setdefault(key, None)
    return mean


_COLUMNS = {
    "aligned": "aligned",
    "metric_known_focal": "metric, focal known",
    "metric": "metric, own focal",
    "focal_error": "focal error",
    "prior_aligned": "row prior aligned",
    "prior_metric": "row prior metric",
    "real_rows_aligned": "real rows aligned",
    "flat_aligned": "flat aligned",
    "sky_over_depth": "false sky",
}


def _table(rows: list[dict[str, object]], columns: dict[str, str], first: str) -> str:
    lines = [f"| {first} | " + " | ".join(columns.values()) + " |", "|---" * (len(columns) + 1) + "|"]
    for row in rows:
        cells = [f"{row[c]:.3f}" if isinstance(row.get(c), float) else "-" for c in columns]
        lines.append(f"| {row['name']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def last_pixels(run_dir: Path) -> int:
    """Return the picture area of the stage that the training is in, from its log."""
    path = run_dir / "log.jsonl"
    return int(json.loads(path.read_text().splitlines()[-1])["pixels"]) if path.exists() else 12288


def learning_curve(run_dir: Path) -> str:
    """Return the held-out errors over the samples seen, about twelve lines of RUN/log.jsonl."""
    path = run_dir / "log.jsonl"
    if not path.exists():
        return "No validation yet."
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    rows: list[dict[str, object]] = []
    for k in sorted({round(x) for x in np.linspace(0, len(entries) - 1, 14)}):
        entry = entries[k]
        rows.append({"name": f"{entry['samples']:,} at {entry['pixels']} px", **entry["errors"]["all"]})
    columns = {
        "aligned": "aligned",
        "metric_known_focal": "metric, focal known",
        "sky_iou": "sky IoU",
        "focal_error": "focal error",
    }
    return _table(rows, columns, "samples")


def picture(net: PreviewNet, pairs: list[Pair], pixels: int) -> NDArray[np.uint8]:
    """Return rows of photo, predicted and true inverse depth for the pairs, one 7-Scenes frame in five."""
    tiles = []
    for k, pair in enumerate(pairs):
        if pair.name.startswith("7scenes") and k % 5:
            continue
        log_c, sky, guess = predict(net, pair.rgb, pixels)
        z = (pair.focal_over_width or guess) / np.exp(log_c)
        near = float(1 / np.percentile(pair.depth_m[pair.valid], 2))
        shown = [
            pair.rgb,
            _colours(1 / z, near),
            _colours(np.where(pair.valid, 1 / np.maximum(pair.depth_m, 0.1), 0), near),
        ]
        shown[1] = np.where((sky > 0.5)[..., None], np.uint8(255), shown[1])
        tiles.append(
            np.concatenate([cv2.resize(t, (256, 192), interpolation=cv2.INTER_AREA) for t in shown], 1)
        )
    tiles += [np.zeros_like(tiles[0])] * (len(tiles) % 2)
    half = len(tiles) // 2
    return np.concatenate([np.concatenate(tiles[:half]), np.concatenate(tiles[half:])], 1)


def _colours(inverse: NDArray, top: float) -> NDArray[np.uint8]:
    level = np.clip(255 * np.sqrt(inverse / top), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.applyColorMap(level, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB), np.uint8)


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run-dir", type=Path, default=Path("runs/preview"))
    parser.add_argument("--pairs", type=Path, default=Path("../shared/data/rgbd"))
    parser.add_argument("--prior", type=Path, default=Path("tools/preview/row_prior.json"))
    parser.add_argument(
        "--pixels", type=int, default=0, help="picture area for the network (0: as trained last)"
    )
    args = parser.parse_args()
    torch.set_num_threads(1)
    net, samples = load_average(args.run_dir)
    args.pixels = args.pixels or last_pixels(args.run_dir)
    shards = held_out(args.run_dir)
    generated = score(net, shards, args.pixels, look)
    columns = {k: k.replace("_", " ") for k in generated["all"]}
    text = [
        f"# Evaluation after {samples:,} samples, {args.pixels} px\n\n## Held-out generated scenes (means)\n"
    ]
    text.append(_table([{"name": kind, **errors} for kind, errors in generated.items()], columns, "kind"))
    correlation = focal_correlation(net, shards, args.pixels, look)
    text.append(f"\nFocal length: correlation with the truth {correlation:.2f} (log, over the long side).")
    rows: list[dict[str, object]] = []
    if (args.pairs / "pairs.json").exists():
        pairs = read_pairs(args.pairs)
        start = time.perf_counter()
        rows = measure_pairs(net, pairs, json.loads(args.prior.read_text()), args.pixels)
        seconds = (time.perf_counter() - start) / len(pairs)
        rows += mean_rows(rows)
        text.append("\n## Real pairs (AbsRel; aligned: after one scale by the median)\n")
        text.append(_table(rows, _COLUMNS, "pair"))
        text.append(f"\n{1000 * seconds:.0f} ms a photo with the priors, one thread.")
        cv2.imwrite(str(args.run_dir / "evaluation.png"), picture(net, pairs, args.pixels)[..., ::-1])
    text.append("\n## Learning curve (held-out generated scenes)\n\n" + learning_curve(args.run_dir))
    (args.run_dir / "evaluation.md").write_text("\n".join(text) + "\n")
    (args.run_dir / "evaluation.json").write_text(
        json.dumps(
            {"samples": samples, "pixels": args.pixels, "generated": generated, "pairs": rows}, indent=1
        )
    )
    print("\n".join(text))


if __name__ == "__main__":
    main()
