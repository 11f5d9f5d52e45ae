"""Compares depth models on one photo.

    from recon import compare
    comparison = compare.run("photo.jpg", ["depthpro", "dav2-large", "preview"])
    compare.save(comparison, "comparison.html")

``run`` does the same as ``recon compare``. Heavy modules are imported on first use.
"""

from typing import TYPE_CHECKING

from recon.lazy_names import on_first_use

if TYPE_CHECKING:
    from recon.compare.alignment import Alignment
    from recon.compare.comparison import Agreement, Column, Comparison, Failed
    from recon.compare.comparison_page import save
    from recon.compare.public_run import run

__all__ = ["Agreement", "Alignment", "Column", "Comparison", "Failed", "run", "save"]
_PLACES = {
    **dict.fromkeys(("Agreement", "Column", "Comparison", "Failed"), "recon.compare.comparison"),
    "Alignment": "recon.compare.alignment",
    "save": "recon.compare.comparison_page",
    "run": "recon.compare.public_run",
}
__getattr__ = on_first_use(__name__, _PLACES)
