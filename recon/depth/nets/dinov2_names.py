"""The names of DINOv2's weights in its authors' code, under those of our encoder (``vit.py``)."""

import re

import torch

_NAMES = (
    (r"^blocks\.", "encoder.layer."),
    (r"^norm\.", "layernorm."),
    (r"^patch_embed\.proj\.", "embeddings.patch_embeddings.projection."),
    (r"^pos_embed$", "embeddings.position_embeddings"),
    (r"^cls_token$", "embeddings.cls_token"),
    (r"\.attn\.proj\.", ".attention.o_proj."),
    (r"\.ls([12])\.gamma$", r".layer_scale\1.lambda1"),
)


def renamed(name: str, tensor: torch.Tensor) -> dict[str, torch.Tensor]:
    """One weight under its name in our encoder; a joint query, key and value is split, what only training uses is
    left out.

    Args:
        name: Name in the encoder, such as ``blocks.0.attn.qkv.weight``.
        tensor: The weight.

    Raises:
        ValueError: A joint tensor does not divide into three.
    """
    if name == "mask_token":
        return {}
    ours = name
    for pattern, replacement in _NAMES:
        ours = re.sub(pattern, replacement, ours)
    if ".attn.qkv." not in ours:
        return {ours: tensor}
    if len(tensor) % 3:
        raise ValueError(f"{name}: expected query, key and value, got {tuple(tensor.shape)}")
    parts = zip(("q_proj", "k_proj", "v_proj"), tensor.chunk(3), strict=True)
    return {ours.replace(".attn.qkv.", f".attention.{part}."): each for part, each in parts}
