"""Depth Pro's network (Bochkovskii et al., arXiv:2410.02073, section 3.1), for inference on one photo.

Same results and weight names as transformers' DepthProForDepthEstimation, with fewer operations: unused hidden states
and tokens are dropped, consecutive convolutions are merged, and the finest level of the decoder runs in bands, so
that its 600 MB feature maps never exist as a whole.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import log2
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional as nnf

from recon.depth.nets.depth_pro_decoder import FovModel, Fusion, Head, Neck
from recon.depth.nets.vit import Vit, VitConfig, check_sizes
from recon.strict_json import as_kind, as_object, known_fields

BAND_ROWS = 96
"""Rows of the second finest level per band on a CPU: a quarter of the published size."""
HALO_ROWS = 3
"""Additional rows that the result of a band depends on: six convolutions on the next finer level."""


class Outputs(NamedTuple):
    """Output of the network."""

    predicted_depth: torch.Tensor
    """(1, S, S) canonical inverse depth, float32."""
    field_of_view: torch.Tensor | None
    """(1,) horizontal, degrees."""


@dataclass(frozen=True)
class ProConfig:
    """The relevant fields of transformers' DepthProConfig, with its defaults."""

    fusion_hidden_size: int = 256
    patch_size: int = 384
    intermediate_hook_ids: tuple[int, ...] = (11, 5)
    intermediate_feature_dims: tuple[int, ...] = (256, 256)
    scaled_images_ratios: tuple[float, ...] = (0.25, 0.5, 1)
    scaled_images_overlap_ratios: tuple[float, ...] = (0.0, 0.5, 0.25)
    scaled_images_feature_dims: tuple[int, ...] = (1024, 1024, 512)
    merge_padding_value: int = 3
    use_bias_in_fusion_residual: bool | None = True
    use_batch_norm_in_fusion_residual: bool = False
    use_fov_model: bool = False
    num_fov_head_layers: int = 2
    image: VitConfig = field(default_factory=VitConfig)
    patch: VitConfig = field(default_factory=VitConfig)
    fov: VitConfig = field(default_factory=VitConfig)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "ProConfig":
        """From a config.json.

        Raises:
            ValueError: The configuration is not supported.
        """
        encoders = ("image", "patch", "fov")
        own = {key: one for key, one in known_fields(cls, config).items() if key not in encoders}
        made = as_kind(cls, own)
        check_sizes(made)

        def encoder(name: str) -> VitConfig:
            part = as_object(config.get(f"{name}_model_config") or {}, f"{name}_model_config")
            return VitConfig.of({**part, "image_size": made.patch_size})

        made = replace(made, image=encoder("image"), patch=encoder("patch"), fov=encoder("fov"))
        if made.use_batch_norm_in_fusion_residual:
            raise ValueError("batch norms in the decoder are not supported")
        return made


class DepthProNet(nn.Module):
    """The network; call ``simplify`` after loading the weights."""

    def __init__(self, config: ProConfig) -> None:
        """Takes the configuration; ``use_fov_model`` enables the field-of-view branch."""
        super().__init__()
        self.config, self.use_fov_model = config, config.use_fov_model
        self.depth_pro: Any = nn.Module()
        self.depth_pro.encoder = Encoder(config)
        self.depth_pro.neck = Neck(
            config.patch.hidden_size,
            config.image.hidden_size,
            config.scaled_images_feature_dims,
            config.intermediate_feature_dims,
            config.fusion_hidden_size,
        )
        levels = len(config.scaled_images_ratios) + len(config.intermediate_hook_ids)
        bias = config.use_bias_in_fusion_residual is not False
        self.fusion_stage = Fusion(levels, config.fusion_hidden_size, residual_bias=bias)
        self.head = Head(config.fusion_hidden_size)
        out_size = config.image.image_size // config.image.patch_size
        self.fov_model = (
            FovModel(config.fov, config.fusion_hidden_size, config.num_fov_head_layers, out_size)
            if config.use_fov_model
            else None
        )

    def simplify(self) -> "DepthProNet":
        """Merges convolutions in float32; the encoders keep the number format of the file."""
        for part in (self.depth_pro.neck, self.fusion_stage, self.head):
            part.float().simplify()
        if self.fov_model is not None:
            self.fov_model.simplify()
        return self

    def forward(self, pixel_values: torch.Tensor, progress: Callable[[float], None] | None = None) -> Outputs:
        """Runs the network; the field-of-view branch only if ``use_fov_model`` is set.

        Args:
            pixel_values: (1, 3, S, S) in -1 to 1, in the number format to compute in.
            progress: Called with the finished fraction of the patch encoder's layers.
        """
        size = (self.config.patch_size,) * 2
        small = nnf.interpolate(pixel_values, size=size, mode="bilinear", align_corners=False)
        features = self.depth_pro.encoder(pixel_values, small, progress)
        levels = self.depth_pro.neck(features)
        del features
        fov = None
        if self.use_fov_model and self.fov_model is not None:
            fov = self.fov_model(small, levels[0])
        finest = levels.pop()
        fused = self.fusion_stage(levels)
        del levels
        size = fused.shape[2]
        step = BAND_ROWS if pixel_values.device.type == "cpu" else size
        bands = [self._band(fused, finest, start, min(size, start + step)) for start in range(0, size, step)]
        return Outputs(torch.cat(bands, dim=2)[:, 0], fov)

    def _band(self, fused: torch.Tensor, finest: torch.Tensor, start: int, stop: int) -> torch.Tensor:
        """(1, 1, 4 (stop - start), S): the result for these rows of the second finest level, whose size is S / 4."""
        first, beyond = max(0, start - HALO_ROWS), min(fused.shape[2], stop + HALO_ROWS)
        edges = {"top": first == 0, "bottom": beyond == fused.shape[2]}
        last = self.depth_pro.neck.last
        level = finest[:, :, 2 * first : 2 * beyond] if last is None else last(finest[:, :, first:beyond])
        band = self.fusion_stage.finest(fused[:, :, first:beyond], level, **edges)
        depth = self.head(band, **edges)
        skipped = 4 * (start - first) if edges["top"] else 0
        return depth[:, :, skipped : skipped + 4 * (stop - start)]


class Encoder(nn.Module):
    """Two vision transformers: one for patches at several scales, the other for the whole image."""

    def __init__(self, config: ProConfig) -> None:
        super().__init__()
        self.config = config
        self.patch_encoder: Any = nn.Module()
        self.patch_encoder.model = Vit(config.patch)
        self.image_encoder: Any = nn.Module()
        self.image_encoder.model = Vit(config.image)

    def forward(
        self, pixels: torch.Tensor, small: torch.Tensor, progress: Callable[[float], None] | None
    ) -> list[torch.Tensor]:
        """Feature maps (1, C, h, w): of the whole image, of the scales from coarse to fine, of the hooks.

        Args:
            pixels: (1, 3, S, S).
            small: The same image, resized to the size of a patch.
            progress: Called with the finished fraction of the patch encoder's layers.
        """
        config, model = self.config, self.patch_encoder.model
        scales = [self._patches(pixels, scale) for scale in range(len(config.scaled_images_ratios))]
        counts = [len(scale) for scale in scales]
        out_size = config.image.image_size // config.image.patch_size
        base = pixels.shape[3] // 2 ** int(log2(pixels.shape[3] / out_size))
        finest = base * 2 ** (len(scales) - 1)
        hooked: dict[int, torch.Tensor] = {}

        def tap(done: int, hidden: torch.Tensor) -> None:
            if progress is not None and done:
                progress(done / config.patch.num_hidden_layers)
            if done - 1 in config.intermediate_hook_ids:
                padding = int(config.merge_padding_value / config.scaled_images_ratios[-1])
                hooked[done - 1] = picture_of_patches(hidden, padding, finest)

        # The patches of the finest scale come first: the hooks use only those.
        last = model.normalised(model(torch.cat(scales[::-1]), tap))
        parts = last.split(counts[::-1])[::-1]
        scaled = [
            picture_of_patches(part, int(config.merge_padding_value * (1 / ratio)), base * 2**level)
            for level, (part, ratio) in enumerate(zip(parts, config.scaled_images_ratios, strict=True))
        ]
        del last, parts
        whole = self.image_encoder.model
        image = picture_of_patches(whole.normalised(whole(small)), 0, base)
        return [image, *scaled, *(hooked[hook] for hook in config.intermediate_hook_ids)]

    def _patches(self, pixels: torch.Tensor, scale: int) -> torch.Tensor:
        """(P, 3, patch, patch): the image at one scale, cut into overlapping patches, row by row."""
        ratio, overlap = (
            self.config.scaled_images_ratios[scale],
            self.config.scaled_images_overlap_ratios[scale],
        )
        if ratio != 1:
            pixels = nnf.interpolate(pixels, scale_factor=ratio, mode="bilinear", align_corners=False)
        size = self.config.patch_size
        stride = int(size * (1 - overlap))
        patches = pixels[0].unfold(1, size, stride).unfold(2, size, stride)
        return patches.permute(1, 2, 0, 3, 4).reshape(-1, 3, size, size)


def picture_of_patches(hidden: torch.Tensor, padding: int, size: int | None) -> torch.Tensor:
    """Merges the tokens of overlapping patches into a feature map of the whole image.

    Args:
        hidden: (P, 1 + side^2, C); the first square number of patches cover the image, row by row.
        padding: Tokens removed at each side where patches meet.
        size: Height and width of the result; None: as many as there are tokens.

    Returns:
        (1, C, size, size), channels last.
    """
    side = int((hidden.shape[1]) ** 0.5)
    tokens = hidden[:, -(side**2) :].unflatten(1, (side, side))
    across = int(len(tokens) ** 0.5)
    cut = 0 if len(tokens) < 4 else min(side // 4, padding)

    def kept(i: int) -> slice:
        return slice(cut if i else 0, side - cut if i < across - 1 else side)

    rows = [
        torch.cat([tokens[y * across + x, kept(y), kept(x)] for x in range(across)], dim=1)
        for y in range(across)
    ]
    picture = torch.cat(rows)[None].permute(0, 3, 1, 2)
    if size is None or picture.shape[2:] == (size, size):
        return picture
    return nnf.interpolate(picture, size=(size, size), mode="bilinear", align_corners=False)
