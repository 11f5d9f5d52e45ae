"""The counts are of whole words, also within names, at the commit that is asked for."""

import subprocess
from pathlib import Path

from tools.words import folder_of, hits


def git(folder: Path, *command: str) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=n@example.org")
    subprocess.run(["git", *who, *command], cwd=folder, check=True, capture_output=True)


def test_counts_whole_words_and_parts_of_names_in_a_commit_and_in_the_working_tree(tmp_path):
    room = tmp_path / "recon" / "room"
    room.mkdir(parents=True)
    git(tmp_path, "init", "-q")
    (room / "a.py").write_text("damage_told = 'Told: retold, outlets'\nlets = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    (room / "a.py").write_text("lets = 1\n")

    assert [number for _, number, _ in hits("told|lets", "HEAD", str(tmp_path))] == [1, 1, 2]
    assert hits("told|lets", None, str(tmp_path)) == [("recon/room/a.py", 1, "lets = 1")]
    assert hits("beside", None, str(tmp_path)) == []


def test_a_folder_is_a_room():
    assert folder_of("recon/photo/embedded_depth/find.py") == "recon/photo"
    assert folder_of("apps/recon_cli/commands/build.py") == "apps/recon_cli/commands"
    assert folder_of("README.md") == "."
