"""The six tools: build, depth, measure, calibrate, info and render."""

from pathlib import Path
from typing import Annotated

from mcp.server.mcpserver import Context
from mcp_types import CallToolResult
from pydantic import Field

from recon.atomic_write import check_writable, staged
from recon.calibration.calibration import dumps
from recon.depth_map.colormap import depth_picture
from recon.errors import ExportError
from recon.file_info.describe import describe
from recon.options import Options
from recon.outputs.depth_files import DepthFiles
from recon.outputs.scene_files import check, outputs_from, save_all
from recon.pipeline import calibrate_on
from recon.render.film import write_still
from recon_mcp import answers
from recon_mcp import arguments as given
from recon_mcp.pictures import marked_photo, picture_content
from recon_mcp.reporting import ProgressJournal
from recon_mcp.results import Depths, Described, Fitted, Measured, Rendered
from recon_mcp.workshop import Workshop, known_measurements

_COLORMAP = "turbo"


class Tools:
    """Each public method is a tool; its docstring is what the agent reads."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    def build(
        self,
        context: Context,
        photo: given.PhotoFile,
        outputs: Annotated[
            list[str],
            Field(
                description="Files to write: .npz to measure in and to render from, .glb .obj .usdz meshes, "
                ".ply .las point clouds, .html a page to walk around in",
                min_length=1,
                max_length=20,
            ),
        ],
        model: given.Model = "auto",
        depth: given.DepthFile = None,
        known_lengths: given.KnownLengths = [],  # noqa: B006 (pydantic copies it)
        camera_height_m: given.CameraHeight = None,
        focal_35mm: given.Focal35 = None,
        overwrite: given.Overwrite = False,
    ) -> Depths:
        """Turn one photo into a metric 3D scene, and write it to files. Write an .npz to measure in it."""
        journal, shop = ProgressJournal(context), self._workshop
        with shop.job():
            path = shop.folders.inside(photo)
            targets = outputs_from([shop.folders.inside(each) for each in outputs], None)
            check(targets, overwrite=overwrite, inputs=[path])
            options = shop.options(model, depth, focal_35mm)
            scene = shop.scene(path, options, known_measurements(known_lengths, camera_height_m), journal)
            written = save_all(scene, targets, journal, overwrite=overwrite)
            files = [Path(file) for each in written for file in each["files"]]
            return answers.depths(scene, journal, files)

    def depth(
        self,
        context: Context,
        photo: given.PhotoFile,
        outputs: Annotated[
            list[str],
            Field(description="Depth maps to write, in metres: .npy .npz .exr, or .png in mm", max_length=20),
        ] = [],  # noqa: B006
        model: given.Model = "auto",
        depth: given.DepthFile = None,
        focal_35mm: given.Focal35 = None,
        overwrite: given.Overwrite = False,
    ) -> Annotated[CallToolResult, Depths]:
        """Estimate the metric depth of a photo; returns it as a picture with a legend in metres, too."""
        journal, shop = ProgressJournal(context), self._workshop
        with shop.job():
            path, files = shop.folders.inside(photo), [shop.folders.inside(each) for each in outputs]
            maker = DepthFiles(())
            maker.check(files)
            check_writable([(file,) for file in files], overwrite=overwrite, inputs=[path])
            scene = shop.scene(path, shop.options(model, depth, focal_35mm), (), journal)
            maker.write(scene, [maker.target(file) for file in files], journal, overwrite=overwrite)
            picture = picture_content(depth_picture(scene.depth, _COLORMAP))
            return answers.answer(answers.depths(scene, journal, files), picture)

    def measure(
        self,
        scene: given.SceneFile,
        positions_px: given.Positions,
        quantity: given.Quantity = "distance",
    ) -> Annotated[CallToolResult, Measured]:
        """Measure in a scene, with a 95 % interval; returns the photo with the positions marked, to check them."""
        shop = self._workshop
        with shop.job():
            opened = answers.scene_in(shop.folders.inside(scene))
            result = answers.measured(opened, quantity, positions_px)
            picture = marked_photo(opened.photo.rgb, positions_px, closed=quantity == "area")
            return answers.answer(result, picture)

    def calibrate(
        self,
        context: Context,
        photo: given.PhotoFile,
        output: Annotated[str, Field(description="Calibration file to write (.json)")],
        model: given.Model,
        reference: given.DepthFile = None,
        known_lengths: given.KnownLengths = [],  # noqa: B006
        camera_height_m: given.CameraHeight = None,
        overwrite: given.Overwrite = False,
    ) -> Fitted:
        """Fit a model to known lengths or measured depth in one photo, and save the fit for photos like it."""
        journal, shop = ProgressJournal(context), self._workshop
        with shop.job():
            path, file = shop.folders.inside(photo), shop.folders.inside(output)
            if file.suffix.lower() != ".json":
                raise ExportError(f"the calibration file must end in .json, got {output}")
            check_writable([(file,)], overwrite=overwrite, inputs=[path])
            options = Options(
                model=shop.folders.model(model),
                reference=None if reference is None else str(shop.folders.inside(reference)),
            )
            known = known_measurements(known_lengths, camera_height_m)
            calibration = calibrate_on(path, options, journal, known)
            with staged(file, overwrite=overwrite) as temporary:
                temporary.write_text(dumps(calibration), encoding="utf-8")
            return Fitted(
                path=str(file),
                scale_interval=calibration.scale_interval,
                notes=answers.notes(journal),
                warnings=journal.warnings,
            )

    def info(
        self,
        file: Annotated[str, Field(description="Path of a photo, scene, point cloud, mesh or depth map")],
    ) -> Described:
        """Describe a file: points, faces, bounds in metres, colours, camera, and where its numbers come from."""
        with self._workshop.job():
            return Described(info=describe(self._workshop.folders.inside(file)).as_dict())

    def render(
        self,
        context: Context,
        file: Annotated[str, Field(description="Path of a scene (.npz), a mesh, a point cloud or a photo")],
        move_m: given.Move = [0.0, 0.0, 0.0],  # noqa: B006
        turn_deg: given.Turn = 0.0,
        width_px: given.Width = 800,
        output: Annotated[str | None, Field(description="Also write the picture to this file (.png)")] = None,
        overwrite: given.Overwrite = False,
    ) -> Annotated[CallToolResult, Rendered]:
        """Look at a scene from where the photo was taken, or from beside it: returns the picture."""
        journal, shop = ProgressJournal(context), self._workshop
        with shop.job():
            path = shop.folders.inside(file)
            target = None if output is None else shop.folders.inside(output)
            if target is not None:
                if target.suffix.lower() != ".png":
                    raise ExportError(f"the picture must end in .png, got {output}")
                check_writable([(target,)], overwrite=overwrite, inputs=[path])
            subject = answers.subject_in(
                path, lambda photo: shop.scene(photo, Options(), (), journal), width_px, journal
            )
            rgb = answers.picture_of(subject, move_m, turn_deg, width_px, journal)
            if target is not None:
                write_still(target, rgb, overwrite=overwrite)
            height, width = rgb.shape[:2]
            written = [] if target is None else [answers.written(target)]
            result = Rendered(width_px=width, height_px=height, written=written, warnings=journal.warnings)
            return answers.answer(result, picture_content(rgb))
