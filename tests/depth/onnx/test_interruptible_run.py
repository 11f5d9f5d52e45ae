"""A network in an ONNX file that is running ends when its journal says so."""

import threading
import time
from typing import Any

import numpy as np
import pytest

from recon.depth.estimator import RunOptions
from recon.depth.onnx.onnx_file import OnnxFile
from recon.journal import Journal
from recon.types import Photo


class Stopped(BaseException):
    """As a cancelled job."""


class Switch(Journal):
    """Stops what checks it once it is off."""

    def __init__(self) -> None:
        super().__init__()
        self.off = threading.Event()

    def check(self) -> None:
        if self.off.is_set():
            raise Stopped


class Held:
    """A session whose run begins when ``then`` has returned for its options."""

    def __init__(self, session: Any, then: Any) -> None:
        self.session, self.then = session, then

    def run(self, names: Any, feeds: Any, options: Any) -> Any:
        self.then(options)
        return self.session.run(names, feeds, options)


PHOTO = Photo(np.full((70, 98, 3), 128, np.uint8))


def test_a_run_ends_with_what_the_check_raises_and_the_next_one_works(exported_relative) -> None:
    estimator, journal = OnnxFile("onnx", exported_relative[0], RunOptions()), Switch()
    first = estimator.estimate(PHOTO, focal_px=None, journal=journal)
    session = estimator._session

    def cancelled(options: Any) -> None:
        journal.off.set()
        deadline = time.monotonic() + 60
        while not options.terminate:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    estimator.__dict__["_session"] = Held(session, cancelled)
    with pytest.raises(Stopped):
        estimator.estimate(PHOTO, focal_px=None, journal=journal)
    estimator.__dict__["_session"] = session
    again = estimator.estimate(PHOTO, focal_px=None, journal=Journal())
    np.testing.assert_array_equal(first.depth.inverse, again.depth.inverse)
    assert not [one for one in threading.enumerate() if one.name == "recon-onnx-check"]


def test_an_error_of_the_run_is_that_of_the_file(exported_relative) -> None:
    estimator = OnnxFile("onnx", exported_relative[0], RunOptions())
    _ = estimator._session

    def failing(options: Any) -> None:
        raise RuntimeError("no such operator")

    estimator.__dict__["_session"] = Held(estimator._session, failing)
    with pytest.raises(Exception, match="no such operator"):
        estimator.estimate(PHOTO, focal_px=None, journal=Switch())
