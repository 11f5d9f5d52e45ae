"""model.pt: only tensors and a configuration are loaded, and nothing else is run."""

import collections
import io
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from recon.depth.hub import checkpoint_cache, torch_file
from recon.depth.hub.checkpoint_cache import Snapshot, Source
from recon.errors import ModelUnavailable

GOOD: dict[str, Any] = {
    "model_config": {"a": [1, None, "x"], "b": {"c": 0.5}},
    "model": {"w": torch.arange(6.0)},
}


def saved(path: Path, content: Any) -> Path:
    torch.save(content, path)
    return path


def test_the_parts_of_a_good_file(tmp_path: Path) -> None:
    content = {**GOOD, "model": collections.OrderedDict(w=torch.arange(6.0).reshape(2, 3).T)}
    path = saved(tmp_path / "model.pt", content)
    assert torch_file.problem(path) is None
    config, tensors = torch_file.read(path)
    assert config == GOOD["model_config"]
    assert torch.equal(tensors["w"], content["model"]["w"])
    assert checkpoint_cache.read_config(Snapshot(tmp_path)) == {"model_type": "moge", **config}
    assert checkpoint_cache.locate(Source(folder=tmp_path)) == Snapshot(tmp_path)
    assert checkpoint_cache.weight_paths(tmp_path) == [path]


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64, torch.int64])
def test_numbers_of_other_formats(kind: torch.dtype, tmp_path: Path) -> None:
    path = saved(tmp_path / "model.pt", {**GOOD, "model": {"w": torch.ones(3, dtype=kind)}})
    assert torch_file.read(path)[1]["w"].dtype == kind


class Evil:
    """Leaves a file behind where its pickle is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def _with_code(path: Path) -> None:
    saved(path, {**GOOD, "extra": Evil(path.with_name("ran"))})


def _with_an_optimizer(path: Path) -> None:
    saved(path, {**GOOD, "optimizer": torch.nn.Linear(2, 2)})


def _of_another_shape(path: Path) -> None:
    saved(path, {"state_dict": GOOD["model"]})


def _with_no_tensor(path: Path) -> None:
    saved(path, {**GOOD, "model": {"w": [1.0]}})


def _with_a_tensor_as_configuration(path: Path) -> None:
    saved(path, {**GOOD, "model_config": {"a": torch.ones(1)}})


def _a_pickle_alone(path: Path) -> None:
    path.write_bytes(pickle.dumps(GOOD["model_config"]))


def _cut_off(path: Path) -> None:
    saved(path, GOOD)
    path.write_bytes(path.read_bytes()[:-100])


def _rewritten(path: Path, change: Callable[[bytes], bytes], compression: int = zipfile.ZIP_STORED) -> None:
    """Writes a good file whose pickle is changed."""
    buffer = io.BytesIO()
    torch.save(GOOD, buffer)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w", compression) as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry.filename, change(data) if entry.filename.endswith(".pkl") else data)


def _compressed(path: Path) -> None:
    _rewritten(path, lambda data: data, zipfile.ZIP_DEFLATED)


def _by_a_name_on_the_stack(path: Path) -> None:
    _rewritten(path, lambda data: b"\x80\x04\x8c\x02os\x8c\x06system\x93.")


def _of_an_old_protocol(path: Path) -> None:
    _rewritten(path, lambda data: b"(S'echo'\nios\nsystem\n.")


def _with_a_huge_pickle(path: Path) -> None:
    _rewritten(path, lambda data: data + bytes(17 << 20))


def _garbage(path: Path) -> None:
    _rewritten(path, lambda data: data[:40] + b"\xff" + data[40:])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_with_code, "besides tensors, which could run code"),
        (_with_an_optimizer, "it holds torch.nn"),
        (_a_pickle_alone, "not a zip file"),
        (_cut_off, "not a zip file"),
        (_compressed, "it is compressed"),
        (_by_a_name_on_the_stack, "its pickle uses STACK_GLOBAL"),
        (_of_an_old_protocol, "its pickle uses INST"),
        (_with_a_huge_pickle, "its pickle has 17 MB"),
        (_garbage, ""),
    ],
)
def test_what_is_no_checkpoint_is_never_loaded(
    damage: Callable[[Path], None], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.pt"
    damage(path)
    monkeypatch.setattr(torch, "load", lambda *args, **how: pytest.fail("it was loaded"))
    problem = torch_file.problem(path)
    assert problem is not None and reason in problem and "\n" not in problem
    with pytest.raises(ModelUnavailable, match=r"model\.pt is not used .*convert it to safetensors"):
        checkpoint_cache.locate(Source(folder=tmp_path))
    with pytest.raises(ModelUnavailable, match="this file is not used"):
        torch_file.read(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_of_another_shape, "expected model_config and model"),
        (_with_no_tensor, "model holds something else than tensors"),
        (_with_a_tensor_as_configuration, "model_config holds something else"),
    ],
)
def test_tensors_that_are_no_checkpoint(damage: Callable[[Path], None], reason: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    damage(path)
    with pytest.raises(ModelUnavailable, match=reason):
        torch_file.read(path)


def test_safetensors_come_first(tmp_path: Path, relative_folder: Path) -> None:
    folder = tmp_path / "both"
    shutil.copytree(relative_folder, folder)
    _with_code(folder / "model.pt")
    assert not torch_file.is_used(folder)
    assert checkpoint_cache.read_config(Snapshot(folder))["model_type"] == "depth_anything"
    assert [path.name for path in checkpoint_cache.weight_paths(folder)] == ["model.safetensors"]
