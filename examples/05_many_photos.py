"""A folder of photos to point clouds: one model, and what was done is not done again."""

from pathlib import Path

from recon import Options, batch

SAMPLES = Path(__file__).resolve().parents[1] / "sample_data"


def show(event: batch.Event) -> None:
    if isinstance(event, batch.Written):
        names = [Path(file["path"]).name for file in event.files]
        print(f"{event.name}: {', '.join(names)}")
    elif isinstance(event, batch.Failed):
        print(f"{event.name}: {event.error}")


photos = sorted(SAMPLES.glob("*.jpg"))
options = Options(model="preview", stride=4)
for run in ("first", "again"):
    summary = batch.run(photos, "scenes", options, formats=["ply"], resume=True, on_event=show)
    print(f"{run}: {len(summary.written)} written, {summary.done_before} done before")
