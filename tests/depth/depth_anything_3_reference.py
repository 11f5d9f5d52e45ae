"""Runs the authors' own classes with random weights; a separate process that test_depth_anything_3.py starts.

    python depth_anything_3_reference.py PACKAGE FOLDER SIZES

Writes config.json and model.safetensors to FOLDER, under the names of the published checkpoint, and NAME.test with an
input and both outputs for each shape.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file


def main(package: str, folder: Path, sizes: dict[str, dict[str, object]]) -> None:
    sys.path.insert(0, package)
    from depth_anything_3.model.dinov2.dinov2 import DinoV2
    from depth_anything_3.model.dpt import DPT

    torch.manual_seed(3)
    net = DinoV2(alt_start=-1, qknorm_start=-1, rope_start=-1, cat_token=False, **sizes["net"]).eval()
    head = DPT(dim_in=net.pretrained.embed_dim, output_dim=1, **sizes["head"]).eval()
    with torch.no_grad():
        for module in (net, head):
            for name, parameter in module.named_parameters():
                if parameter.ndim == 1 or "pos_embed" in name or "cls_token" in name:
                    parameter.copy_(torch.randn_like(parameter) * 0.2 + ("norm" in name and "weight" in name))
        # So that part of the picture is sky, and depth is of the order of metres.
        head.scratch.sky_output_conv2[2].bias.fill_(0.3)
        for last in (head.scratch.sky_output_conv2[2], head.scratch.output_conv2[2]):
            last.weight.mul_(0.5)
    tensors = {f"model.backbone.{name}": value for name, value in net.state_dict().items()}
    tensors |= {f"model.head.{name}": value for name, value in head.state_dict().items()}
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model_name": "da3metric-large", "config": sizes}))
    for name, (height, width) in {"square": (518, 518), "wide": (84, 112), "tall": (140, 70)}.items():
        pixels = torch.randn(1, 3, height, width)
        with torch.inference_mode():
            features, _ = net(pixels[:, None], export_feat_layers=[])
            made = head(features, height, width, patch_start_idx=0)
        saved = {"pixels": pixels, "depth": made["depth"][:, 0], "sky": made["sky"][:, 0]}
        save_file({key: value.contiguous() for key, value in saved.items()}, folder / f"{name}.test")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
