"""What joining photos reports of its fit."""

import numpy as np
import pytest

from recon.join.join_report import JournalOfPhoto, report_fit, report_voxels
from recon.join.joint_fit import JointFit
from recon.join.poses import Poses
from recon.journal import Journal


@pytest.mark.parametrize(("interval", "warns"), [(0.02, False), (0.29, False), (0.86, True)])
def test_a_scale_that_is_hardly_known_is_a_warning(interval: float, warns: bool) -> None:
    journal = Journal()
    report_fit(JointFit((), 1.0, interval, np.ones(0, np.bool_)), (), Poses({}, "pycolmap"), journal)
    warned = [entry.message for entry in journal.entries if entry.kind == "warning"]
    assert bool(warned) is warns
    assert not warns or ("within a factor of 1.9 (95 %)" in warned[0] and "--length" in warned[0])


def test_what_is_decided_for_the_first_photo_says_that_there_are_others() -> None:
    journal = Journal()
    for index in range(2):
        JournalOfPhoto(journal, f"{index}.jpg", first=index == 0, count=2).decide("depth", "measured")
    assert [(entry.kind, entry.message) for entry in journal.entries] == [
        ("decision", "measured (first of 2 photos)"),
        ("detail", "1.jpg: measured"),
    ]


def test_the_voxels_of_the_mesh_are_reported_if_they_had_to_grow() -> None:
    journal = Journal()
    report_voxels(0.01, 0.01, journal)
    report_voxels(0.01, 0.02, journal)
    assert [entry.message for entry in journal.entries] == [
        "voxels of 10 mm",
        "voxels of 20 mm in the mesh: those of 10 mm would take too much memory",
    ]
    assert journal.entries[1].values["voxel_m"] == 0.02
