import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.entered_files import ROOT, Entered

MOST_FILES = 47
"""Files of recon/ between one photo and one point cloud: 8,500 lines, so that 25 would be all of 340 lines."""


@pytest.mark.slow
def test_a_photo_becomes_a_cloud_in_few_files(tmp_path: Path) -> None:
    words = ["build", str(ROOT / "sample_data" / "living_room.jpg"), "-o", str(tmp_path / "scene.ply"), "-q"]
    program = (
        "import json, sys; from tools.entered_files import entered_by; "
        f"print(json.dumps(entered_by({words!r}), indent=0))"
    )
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'apps'}", "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    entered = json.loads(done.stdout)
    assert (tmp_path / "scene.ply").exists()
    assert next(iter(entered)) == "apps/recon_cli/main.py" and "reconstruct" in entered["recon/pipeline.py"]
    library = [name for name in entered if name.startswith("recon/")]
    assert len(library) <= MOST_FILES, library
    assert not [name for name in library if name.startswith("recon/batch/")], "one photo is no batch"


def test_what_runs_while_a_module_is_imported_does_not_count() -> None:
    def ran(name: str, program: str, entered: Entered) -> None:
        code = compile(program, str(ROOT / "recon" / name), "exec")
        sys.setprofile(entered)
        try:
            exec(code, namespace)
        finally:
            sys.setprofile(None)

    namespace: dict[str, object] = {}
    entered = Entered()
    ran("made.py", "def used(): pass\nused()", entered)
    assert entered.functions == {}
    used = namespace["used"]
    assert callable(used)
    sys.setprofile(entered)
    try:
        used()
    finally:
        sys.setprofile(None)
    assert entered.functions == {"recon/made.py": {"used": None}}
