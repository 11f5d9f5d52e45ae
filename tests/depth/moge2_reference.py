"""Runs the authors' own classes with random weights; a separate process that test_moge2.py starts.

    python moge2_reference.py FOLDER CONFIG

Writes model.pt to FOLDER, as the authors publish theirs, and NAME.test with a photo and all outputs for each shape.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

SIZES = {"wide": (96, 150), "tall": (160, 90), "square": (112, 112)}


def main(folder: Path, config: dict[str, object]) -> None:
    from moge.model import v2

    torch.manual_seed(5)
    net = v2.MoGeModel(**config).eval()
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if "backbone" in name and (
                parameter.ndim == 1 or name.endswith(("pos_embed", "cls_token", "ls1.gamma", "ls2.gamma"))
            ):
                parameter.copy_(torch.randn_like(parameter) * 0.2 + ("norm" in name and "weight" in name))
        make_plausible(net)
    torch.save({"model_config": config, "model": net.state_dict()}, folder / "model.pt")
    for name, (height, width) in SIZES.items():
        photo = torch.randint(0, 256, (height // 8, width // 8, 3), dtype=torch.uint8)
        photo = photo.repeat_interleave(8, 0).repeat_interleave(8, 1).contiguous()
        image = photo.permute(2, 0, 1).float() / 255
        saved = {"photo": photo}
        with torch.inference_mode():
            saved |= {f"raw.{key}": value for key, value in net(image[None], num_tokens=60).items()}
            for kind, fov in (("free", None), ("known", 50.0)):
                made = net.infer(image, num_tokens=60, fov_x=fov, use_fp16=False, apply_mask=False)
                saved |= {f"{kind}.{key}": value for key, value in made.items()}
        save_file({key: value.contiguous() for key, value in saved.items()}, folder / f"{name}.test")


def make_plausible(net: torch.nn.Module) -> None:
    """Random weights give any points: scales the last layers, so that the map is near to a surface that a camera
    with a field of view of some 60 degrees sees, its depth shifted, and that a part of it is masked."""
    last = net.points_head.output_blocks[-1]
    last.weight.mul_(0.05)
    last.weight[2].mul_(30)
    entry = net.points_head.input_blocks[-1]
    # x/z and y/z follow the coordinates of the view plane, which the neck's last level gets as they are.
    net.neck.input_blocks[-1].weight[:2] = torch.eye(2)[:, :, None, None] * 0.5
    net.neck.input_blocks[-1].bias[:2] = 0
    net.neck.resamplers[-1][-1].weight[:2].zero_()
    net.neck.resamplers[-1][-1].bias[:2].zero_()
    entry.weight[:2].zero_()
    entry.weight[0, 0], entry.weight[1, 1] = 1.0, 1.0
    entry.bias[:2].zero_()
    net.points_head.resamplers[-1][-1].weight[:2].zero_()
    net.points_head.resamplers[-1][-1].bias[:2].zero_()
    last.weight[:2, :2] = torch.eye(2)[:, :, None, None] * 1.6
    last.bias.copy_(torch.tensor([0.0, 0.0, 0.8]))
    net.scale_head[-1].bias.fill_(0.7)
    if hasattr(net, "mask_head"):
        net.mask_head.output_blocks[-1].bias.fill_(0.05)


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
