"""The state of a training: network, average, optimiser, counters; one step; save and load all of it."""

from __future__ import annotations

from typing import Any

import torch

from recon.depth.nets.preview import NetworkConfig, PreviewNet, normalise
from tools.preview.batches import Batch
from tools.preview.checkpoint import CheckpointError
from tools.preview.loss import preview_loss

WARM_UP_STEPS = 1000
AVERAGE_DECAY = 0.9995


def fast_bfloat16() -> bool:
    """Return whether this CPU multiplies bfloat16 natively; where not, it is slower than float32."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


class Trainer:
    """Network, exponential moving average, AdamW, counters."""

    def __init__(self, config: NetworkConfig, rate: float, seed: int) -> None:
        torch.manual_seed(seed)
        self.config, self.rate = config, rate
        self.net = PreviewNet(config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = {k: v.detach().clone() for k, v in self.net.state_dict().items()}
        decayed = [p for p in self.net.parameters() if p.ndim >= 2]
        kept = [p for p in self.net.parameters() if p.ndim < 2]  # norms and biases are not pulled to 0
        groups = [{"params": decayed, "weight_decay": 0.02}, {"params": kept, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True)
        self.step = 0
        self.samples = 0
        self.decay: tuple[int, int] | None = None  # first sample and length of the final decay
        self._bfloat16 = fast_bfloat16()

    @property
    def finished(self) -> bool:
        """True when the final decay is over."""
        return self.decay is not None and self.samples >= sum(self.decay)

    def rate_now(self) -> float:
        """Return the learning rate: linear warm-up, constant, and the final linear decay when asked for."""
        rate = self.rate * min(1.0, (self.step + 1) / WARM_UP_STEPS)
        if self.decay is not None:
            rate *= max(0.0, 1 - (self.samples - self.decay[0]) / self.decay[1])
        return rate

    def train_step(self, batch: Batch) -> dict[str, float]:
        """Take one step; returns the loss terms. Raises FloatingPointError where the loss is no number."""
        self.net.train()
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate_now()
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16):
            prediction = self.net(normalise(batch.rgb))
        terms = preview_loss(prediction, batch)
        self.optimiser.zero_grad(set_to_none=True)
        terms["total"].backward()
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        if not torch.isfinite(norm):
            raise FloatingPointError(
                f"the gradient is {norm.item()} at step {self.step}; resume with a lower --rate"
            )
        self.optimiser.step()
        self.step += 1
        self.samples += len(batch.rgb)
        self._follow()
        return {k: float(v.detach()) for k, v in terms.items()}

    def _follow(self) -> None:
        """Move the average towards the network; faster at the start, when there is little to remember."""
        keep = min(AVERAGE_DECAY, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.net.state_dict().items():
                if value.dtype.is_floating_point:
                    self.average[name].lerp_(value, 1 - keep)
                else:
                    self.average[name].copy_(value)

    def averaged(self) -> PreviewNet:
        """Return a network with the averaged weights, for scoring and shipping."""
        net = PreviewNet(self.config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        net.load_state_dict(self.average)
        return net.eval()

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed training needs."""
        return {
            "config": self.config.as_dict(),
            "net": self.net.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "samples": self.samples,
            "decay": list(self.decay) if self.decay else None,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a saved state; raises CheckpointError where it is of another network."""
        if state.get("config") != self.config.as_dict():
            raise CheckpointError(
                f"the checkpoint is of a network {state.get('config')}, this one is {self.config.as_dict()}: "
                "use another --run-dir"
            )
        self.net.load_state_dict(state["net"])
        self.average = {k: v.clone() for k, v in state["average"].items()}
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.samples = int(state["step"]), int(state["samples"])
        self.decay = (int(state["decay"][0]), int(state["decay"][1])) if state["decay"] else None
