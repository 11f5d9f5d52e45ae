"""Examines the installation: what works on this machine, and the command that fixes what does not."""

from recon.doctor.examine import examine
from recon.doctor.finding import Finding

__all__ = ["Finding", "examine"]
