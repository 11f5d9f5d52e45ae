"""Reads the poses of a trajectory as the TUM benchmark has them.

Lines ``timestamp tx ty tz qx qy qz qw``, camera-to-world, OpenCV's camera, metres.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from recon.join.pose_table import NamedPose, PoseTable, from_quaternion, table

_MOST_LINES = 1_000_000
_MOST_APART_S = 0.02
"""Greatest difference of the timestamps of a photo and its pose, as the tools of the TUM benchmark use it."""
_LATEST_S = 1e20
"""Also nanoseconds since 1970 stay below it."""


def read_tum(path: Path) -> PoseTable:
    """A trajectory; ``rgb.txt`` next to it says when each photo was taken, else photos are named by their time.

    Raises:
        OSError: It cannot be read.
        ValueError: It is something else, or damaged.
    """
    times, transforms = [], []
    for number, words in numbered_lines(path):
        try:
            numbers = [float(word) for word in words]
            time_s, x, y, z, *quaternion = numbers
            if not abs(time_s) < _LATEST_S:
                raise ValueError("the timestamp is no time")
            transforms.append(from_quaternion(quaternion, (x, y, z)))
        except ValueError as error:
            raise ValueError(f"line {number}: expected timestamp tx ty tz qx qy qz qw ({error})") from error
        times.append(time_s)
    listed = path.with_name("rgb.txt")
    by_time = {f"{time_s:.6f}.png": time_s for time_s in times}
    photos = _times_of_photos(listed) if listed.is_file() else by_time
    poses, order = {}, np.argsort(times)
    in_order = np.array(times)[order]
    for name, time_s in photos.items() if times else ():
        after = int(np.searchsorted(in_order, time_s))
        first = max(after - 1, 0)
        nearest = first + int(np.argmin(np.abs(in_order[first : after + 1] - time_s)))
        if abs(in_order[nearest] - time_s) <= _MOST_APART_S:
            poses[name] = NamedPose(transforms[order[nearest]])
    return table(poses, path.name, metric=True)


def _times_of_photos(path: Path) -> dict[str, float]:
    """``rgb.txt``: when each photo was taken."""
    times = {}
    for number, words in numbered_lines(path):
        try:
            time_s, name = float(words[0]), words[1]
            if not abs(time_s) < _LATEST_S:
                raise ValueError("the timestamp is no time")
        except (IndexError, ValueError) as error:
            raise ValueError(f"{path.name}, line {number}: expected timestamp file ({error})") from error
        times[name] = time_s
    return times


def numbered_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The words of each line that is no comment, separated by blanks or commas, and its number."""
    with path.open(encoding="utf-8", errors="strict") as file:
        for number, line in enumerate(file, start=1):
            if number > _MOST_LINES:
                raise ValueError(f"it has more than {_MOST_LINES:,} lines")
            words = line.replace(",", " ").split()
            if words and not words[0].startswith("#"):
                yield number, words
