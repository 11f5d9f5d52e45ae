"""What an examination finds."""

from dataclasses import dataclass
from typing import Literal

State = Literal["works", "missing", "broken", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing that was examined."""

    area: str
    """``main job``, ``depth models``, ``viewer``, ``formats`` or ``programs``."""
    name: str
    state: State
    """``note``: it works, and there is something that one may want to change."""
    detail: str
    """Version or place, or what is wrong, in a few words."""
    fix: str | None = None
    """The command that fixes it, or who can; None if there is nothing to fix."""
    required: bool = False
    """Whether a photo becomes a scene only with it."""

    @property
    def stops_the_main_job(self) -> bool:
        """Whether no photo becomes a scene for this reason."""
        return self.required and self.state in ("missing", "broken")

    def as_dict(self) -> dict[str, str | bool | None]:
        """For JSON."""
        return {
            "area": self.area,
            "name": self.name,
            "state": self.state,
            "detail": self.detail,
            "fix": self.fix,
            "required": self.required,
        }
