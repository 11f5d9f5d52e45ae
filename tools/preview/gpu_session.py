"""Pack a training for a borrowed GPU machine: a folder that needs nothing but Python with torch, OpenCV and SciPy.

  python -m tools.preview.gpu_session -o runs/gpu --imagenet FILE.pth \\
      --pairs ../shared/train --photos ../shared/unlabelled --wheels FOLDER
  bash runs/gpu/session.sh SECONDS OUT     # there: trains for so long, and leaves weights and log in OUT

All cores but two render scenes, and the GPU trains on them while they come. A second call with more seconds
continues from the first one's checkpoint. `RECON_TRAIN_ARGS="--device cpu ..."` tries the same script on a small
machine.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import cv2
import torch

_SCRIPT = """#!/usr/bin/env bash
# session.sh SECONDS OUT [RUN]: seconds of training in all, where results go, and what is kept between calls.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
seconds=$1 out=$2 run=${3:-/tmp/recon-run}
export PYTHONUNBUFFERED=1 PYTHONPATH="$here/tree:$here/site:${PYTHONPATH:-}"
if ls "$here"/wheels/*.whl >/dev/null 2>&1 && [ ! -d "$here/site" ]; then
  python3 -m pip install -q --no-index --no-deps --no-compile --target "$here/site" "$here"/wheels/*.whl
fi
generators=$(($(nproc) > 3 ? $(nproc) - 2 : 1))
pixels=${VIEW_PIXELS:-86400}
mkdir -p "$run" "$out"
cd "$here/tree"
python3 -m tools.preview.heldout --run-dir "$run" --workers "$((generators / 2 + 1))" --pixels "$pixels" \\
  --per-kind "${PER_KIND:-12}" >"$run/heldout.log" 2>&1 &
python3 -m tools.preview.train --run-dir "$run" --seconds "$seconds" --generators "$generators" \\
  --imagenet "$here/imagenet.pth" --pairs "$here/pairs" --photos "$here/photos" --view-pixels "$pixels" \\
  --disk-gb 40 --pool-gb 30 --validate-minutes 4 --save-minutes 2 --log-steps 100 --least-shards 14 \\
  ${RECON_TRAIN_ARGS:---device cuda --batch 96 --rate 6e-4}
cp "$run/log.jsonl" "$out/"
tail -qn 2 "$run"/generator_*.log "$run/heldout.log" >"$out/generators.txt" || true
python3 -m tools.preview.export --run-dir "$run" -o "$out/preview.safetensors"
"""


def pack(out: Path, imagenet: Path, pairs: Path, photos: Path, wheels: Path | None, longest: int) -> None:
    """Write the folder: the sources that training needs, the encoder, pairs, reduced photos, wheels, the script."""
    root = Path(__file__).parents[2]
    shutil.rmtree(out, ignore_errors=True)
    tree = out / "tree"
    for folder in ("tools", "tools/preview"):
        (tree / folder).mkdir(parents=True, exist_ok=True)
        (tree / folder / "__init__.py").touch()
    for path in (root / "tools/preview").glob("*.py"):
        shutil.copy(path, tree / "tools/preview")
    state = torch.load(imagenet, weights_only=True, map_location="cpu")
    kept = {
        k: v.half() if v.dtype.is_floating_point else v
        for k, v in state.items()
        if not k.startswith(("_fc", "_conv_head"))
    }
    torch.save(kept, out / "imagenet.pth")
    shutil.copytree(pairs, out / "pairs")
    (out / "photos").mkdir()
    for path in sorted(photos.glob("*.jpg")):
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            continue
        scale = min(1.0, longest / max(picture.shape[:2]))
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(out / "photos" / path.name), small, [cv2.IMWRITE_JPEG_QUALITY, 88])
    if wheels is not None:
        shutil.copytree(wheels, out / "wheels")
    (out / "session.sh").write_text(_SCRIPT)
    total = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: {total / 2**20:.1f} MiB")


def main() -> None:
    """Pack."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--imagenet", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--wheels", type=Path, help="folder of wheels to install there (embreex)")
    parser.add_argument(
        "--longest", type=int, default=384, help="longer side of the photos, px (default %(default)s)"
    )
    args = parser.parse_args()
    pack(args.output, args.imagenet, args.pairs, args.photos, args.wheels, args.longest)


if __name__ == "__main__":
    main()
