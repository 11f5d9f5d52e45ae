"""The state of a training: network, average, optimiser, counters; one step; save and load all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from recon.depth.nets.preview import Camera, NetworkConfig, PreviewNet, normalise
from recon.depth.nets.preview_look import read_weights
from tools.preview import augment
from tools.preview.checkpoint import CheckpointError
from tools.preview.imagenet import load_imagenet
from tools.preview.loss import agreement, preview_loss
from tools.preview.pool import Batch

WARM_UP_STEPS = 300
AVERAGE_DECAY = 0.999
_ENCODER_SHARE = 0.3
"""The pretrained encoder's rate over that of the new layers."""
AGREEMENT_WEIGHT = 0.5


def fast_bfloat16() -> bool:
    """Return whether this CPU multiplies bfloat16 natively; where not, it is slower than float32."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


class Trainer:
    """Network, exponential moving average, AdamW, counters."""

    def __init__(
        self, config: NetworkConfig, rate: float, seed: int, device: str = "cpu", frozen_stages: int = 0
    ) -> None:
        """Place the network on the device; the encoder's stem and first `frozen_stages` keep their weights."""
        torch.manual_seed(seed)
        self.config, self.rate, self.device = config, rate, torch.device(device)
        self.net = self._place(PreviewNet(config))
        self.mean_net = self._place(PreviewNet(config)).eval().requires_grad_(False)
        self.mean_net.load_state_dict(self.net.state_dict())
        if frozen_stages:
            for part in (self.net.encoder.stem, *self.net.encoder.stages[:frozen_stages]):
                part.requires_grad_(False)
        self.optimiser = torch.optim.AdamW(self._groups(), lr=rate, betas=(0.9, 0.98), fused=True)
        self.step = 0
        self.samples = 0
        self.seconds = 0.0
        self._bfloat16 = self.device.type == "cuda" or fast_bfloat16()

    def _place(self, net: PreviewNet) -> PreviewNet:
        return net.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _groups(self) -> list[dict[str, Any]]:
        groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
        for name, p in self.net.named_parameters():
            if not p.requires_grad:
                continue
            groups.setdefault((name.startswith("encoder."), p.ndim >= 2), []).append(p)
        return [
            {
                "params": group,
                "weight_decay": 0.02 if decayed else 0.0,
                "share": _ENCODER_SHARE if encoder else 1.0,
            }
            for (encoder, decayed), group in groups.items()
        ]

    def start_from(self, imagenet: dict[str, Tensor]) -> None:
        """Take the encoder's ImageNet weights."""
        load_imagenet(self.net.encoder, imagenet)
        self.mean_net.load_state_dict(self.net.state_dict())

    def start_from_weights(self, path: Path) -> None:
        """Continue from shipped weights (`export.py`), with a new optimiser."""
        weights = read_weights(path)
        if weights.net.config != self.net.config:
            raise CheckpointError(f"{path} is of another network")
        self.samples = weights.samples
        self.net.load_state_dict(weights.net.state_dict())
        self.mean_net.load_state_dict(self.net.state_dict())

    def _train_mode(self) -> None:
        """The encoder keeps its batch statistics: those of photos, which generated scenes would spoil."""
        self.net.train()
        for module in self.net.encoder.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()

    def train_step(
        self, batch: Batch, rate_share: float, photos: Batch | None = None, lending: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Take one step; returns the loss terms. Raises FloatingPointError where the loss is no number.

        `photos` without depth are taught by the average; `lending` (N, 3, H, W) lend the batch their colours.
        """
        self._train_mode()
        warm = min(1.0, (self.step + 1) / WARM_UP_STEPS)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * rate_share * warm * group["share"]
        with torch.no_grad():
            seen = augment.strong(batch.rgb, lending)
        pictures, camera, count = seen, batch.camera, len(batch)
        if photos is not None:
            taught = self._teach(photos)
            pictures = torch.cat([seen, augment.strong(photos.rgb)])
            camera = Camera(*(torch.cat(pair) for pair in zip(batch.camera, photos.camera, strict=True)))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bfloat16):
            prediction = self.net(normalise(pictures), camera)
        terms = preview_loss(type(prediction)(*(p[:count] for p in prediction)), batch)
        if photos is not None:
            student = type(prediction)(*(p[count:] for p in prediction))
            terms["agreement"] = agreement(student, taught, torch.ones_like(student.logit, dtype=torch.bool))
            terms["total"] = terms["total"] + AGREEMENT_WEIGHT * terms["agreement"]
        self.optimiser.zero_grad(set_to_none=True)
        terms["total"].backward()
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        if self.step % 50 == 0 and not torch.isfinite(norm):
            raise FloatingPointError(
                f"the gradient is {norm.item()} at step {self.step}; resume with a lower --rate"
            )
        self.optimiser.step()
        self.step += 1
        self.samples += len(pictures)
        self._follow()
        return {k: v.detach() for k, v in terms.items()}

    def _teach(self, photos: Batch):  # type: ignore[no-untyped-def]
        with torch.no_grad(), torch.autocast(self.device.type, torch.bfloat16, enabled=self._bfloat16):
            return self.mean_net(normalise(augment.weak(photos.rgb)), photos.camera)

    def _follow(self) -> None:
        """Move the average towards the network; faster at the start, when there is little to remember."""
        keep = min(AVERAGE_DECAY, (1 + self.step) / (10 + self.step))
        ours = [v for v in self.net.state_dict().values() if v.dtype.is_floating_point]
        mean = [v for v in self.mean_net.state_dict().values() if v.dtype.is_floating_point]
        with torch.no_grad():
            torch._foreach_lerp_(mean, ours, 1 - keep)

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed training needs."""
        return {
            "config": self.config.as_dict(),
            "net": self.net.state_dict(),
            "average": self.mean_net.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "samples": self.samples,
            "seconds": self.seconds,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take the state of a checkpoint; raises CheckpointError where it is of another network."""
        if state.get("config") != self.config.as_dict():
            raise CheckpointError("the checkpoint is of another network: give another --run-dir")
        self.net.load_state_dict(state["net"])
        self.mean_net.load_state_dict(state["average"])
        if state.get("optimiser"):
            self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.samples, self.seconds = state["step"], state["samples"], state["seconds"]
