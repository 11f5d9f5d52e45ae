"""How the extension runs recon in the background; this file of it needs no Blender."""

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from recon.blender.find_blender import scene_script

_SPEC = spec_from_file_location("background", Path(str(scene_script())).with_name("background.py"))
background = module_from_spec(_SPEC)
_SPEC.loader.exec_module(background)


def finished(code: str):
    """A run of Python in the place of recon, at its end; --json is an argument that it ignores."""
    run = background.Run(sys.executable, ["-c", code])
    run.wait()
    assert run.is_finished
    return run


def test_the_result_and_the_last_line_of_the_progress():
    run = finished(
        "import sys; print('{\"ok\": true, \"written\": 3}'); print('Making the mesh ...', file=sys.stderr)"
    )
    assert run.result() == {"ok": True, "written": 3}
    assert run.status == "Making the mesh ..."


def test_the_arguments_end_with_json():
    run = finished("import sys, json; print(json.dumps({'ok': True, 'words': sys.argv[1:]}))")
    assert run.result()["words"] == ["--json"]


def test_an_error_is_recon_s_sentence():
    returned = json.dumps({"ok": False, "error": {"type": "PhotoError", "message": "a.jpg is damaged."}})
    with pytest.raises(background.Failed, match=r"^a\.jpg is damaged\.$"):
        finished(f"print({returned!r}); raise SystemExit(1)").result()


def test_a_crash_is_its_last_line_and_code():
    with pytest.raises(background.Failed, match=r"ended with code 3: no memory"):
        finished("import sys; print('one\\nno memory', file=sys.stderr); raise SystemExit(3)").result()


def test_a_program_that_is_not_there(tmp_path):
    with pytest.raises(background.Failed, match="set its path in the preferences"):
        background.Run(str(tmp_path / "recon"), ["build"])


def test_it_runs_on_until_it_is_cancelled():
    # It waits for what nobody writes: only the cancelling ends it.
    run = background.Run(sys.executable, ["-c", "import threading; threading.Event().wait()"])
    assert not run.is_finished
    run.cancel()
    run.wait()
    assert run.is_finished
    with pytest.raises(background.Failed, match="Cancelled"):
        run.result()
