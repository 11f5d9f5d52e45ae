"""The table of actions with their keys, from which menu, shortcuts and help page are generated."""

from dataclasses import dataclass

_SIGNS = {"one": "1", "two": "2", "three": "3", "four": "4", "equals": "+ (=)", "minus": "-", "escape": "Esc"}


@dataclass(frozen=True)
class Action:
    """One line of the menu."""

    name: str
    """Name of the action in the controller."""
    menu: str
    text: str
    help: str
    key: str | None = None
    """Open3D's name of the key in lower case, optionally after ``ctrl+`` or ``shift+``."""

    @property
    def key_text(self) -> str:
        """Human-readable: ``Ctrl+O``."""
        return (
            ""
            if self.key is None
            else "+".join(_SIGNS.get(part, part.capitalize()) for part in self.key.split("+"))
        )


ACTIONS: tuple[Action, ...] = (
    Action("open", "File", "Open...", "Opens a photo, a scene (.npz) or an exported file.", "ctrl+o"),
    Action("open-depth", "File", "Open photo with depth file...", "Opens a photo and its measured depth."),
    Action("paste", "File", "Open copied files", "Opens the files, or paths, on the clipboard.", "ctrl+v"),
    Action("save", "File", "Save scene...", "Saves the layer with all its settings as .npz.", "ctrl+s"),
    Action("export", "File", "Export...", "Exports the layer: .glb, .ply, .obj, .html, ...", "ctrl+e"),
    Action("screenshot", "File", "Save image of the view...", "Saves the view as a PNG of any size.", "ctrl+p"),
    Action("page", "File", "Save web page...", "A page for any browser, with a ruler."),
    Action("film", "File", "Save film...", "MP4 or GIF: swing past the scene, turntable, or flight."),
    Action("blender", "File", "Open in Blender", "Opens the layer in Blender, with the photo's camera.", "ctrl+b"),
    Action("close-layer", "File", "Close layer", "Closes the active layer.", "ctrl+w"),
    Action("quit", "File", "Quit", "Closes the viewer.", "ctrl+q"),
    Action("undo", "Edit", "Undo", "Undoes the last change.", "ctrl+z"),
    Action("redo", "Edit", "Redo", "Redoes the last undone change.", "ctrl+y"),
    Action("copy", "Edit", "Copy measurements", "Copies the list to the clipboard.", "ctrl+c"),
    Action("csv", "Edit", "Save measurements (CSV)...", "Saves the list as a table."),
    Action("clear", "Edit", "Remove all measurements", "Clears the list."),
    Action("finish", "Edit", "Finish polyline", "Ends a polyline at its last point.", "enter"),
    Action("cancel", "Edit", "Cancel", "Cancels a measurement, opening or a film.", "escape"),
    Action("photo-camera", "View", "Photo's view", "View through the photo's camera.", "one"),
    Action("front", "View", "Front", "View from the front.", "two"),
    Action("top", "View", "Top", "View from above, as a floor plan.", "three"),
    Action("side", "View", "Side", "View from the right.", "four"),
    Action("fit", "View", "Fit", "Oblique view of the whole scene.", "f"),
    Action("cloud", "View", "Points", "Shows points.", "p"),
    Action("mesh", "View", "Mesh", "Shows triangles.", "m"),
    Action("wireframe", "View", "Wireframe", "Shows the edges of triangles.", "w"),
    Action("depth-colours", "View", "Depth colours", "Colours near and far, or the photo's colours again.", "n"),
    Action("colours", "View", "Next colours", "Photo, depth, normals, dropped points, errors, difference.", "c"),
    Action("grid", "View", "Floor grid", "A grid in metres on the floor.", "g"),
    Action("axes", "View", "Axes", "x red, y (up) green, z blue.", "x"),
    Action("frustum", "View", "Photo's camera", "Shows the camera of the photo.", "k"),
    Action("labels", "View", "Labels", "Shows values next to measurements.", "l"),
    Action("pictures", "View", "Photo and depth", "Shows the photo and its depth map.", "i"),
    Action("swapped", "View", "Swap photo and view", "Large photo and depth map, or a large 3D view.", "s"),
    Action("beside", "View", "Two layers side by side", "Two views with one camera, to compare.", "t"),
    Action("panel", "View", "Controls", "Shows the controls on the right.", "tab"),
    Action("dark", "View", "Dark or light", "Background of the view; menus and controls stay dark.", "b"),
    Action("bigger", "View", "Larger points", "One px larger.", "equals"),
    Action("smaller", "View", "Smaller points", "One px smaller.", "minus"),
    Action("cut-ceiling", "View", "Cut off ceiling", "Hides the ceiling, or shows it again."),
    Action("whole", "View", "Show all", "Removes the limits of the section."),
    Action("look", "Measure", "Look around", "Clicks do not measure.", "v"),
    Action("distance", "Measure", "Distance", "Click two points.", "d"),
    Action("polyline", "Measure", "Polyline", "Click points, then Enter.", "o"),
    Action("angle", "Measure", "Angle", "Click three points; the second is the corner.", "a"),
    Action("height", "Measure", "Height above the floor", "Click a point.", "h"),
    Action("known length", "Measure", "Set known length", "Click two points, type their distance, Enter.", "r"),
    Action("known distance", "Measure", "Set known distance", "Click a point; enter its distance from the camera."),
    Action("known rectangle", "Measure", "Set known rectangle", "Click four corners and enter both sides."),
    Action("camera height", "Measure", "Set camera height", "Enter how high the camera was above the floor."),
    Action("forget-known", "Measure", "Remove known sizes", "Restores the original scale of the scene."),
    Action("rectangle", "Scene", "Crop to a rectangle", "Drag a rectangle: keeps everything inside.", "e"),
    Action("crop", "Scene", "Crop box...", "Keeps a box, in metres."),
    Action("crop-section", "Scene", "Crop to section", "Drops what the section hides, from files, too."),
    Action("run-again", "Scene", "Run again...", "Re-run with another depth model.", "ctrl+r"),
    Action("sample", "Help", "Open the sample", "Opens the living room sample, with measured depth."),
    Action("find", "Help", "Find a command...", "Type a few letters of what you want; also the key /.", "ctrl+f"),
    Action("help", "Help", "Keys and mouse", "This list.", "f1"),
    Action("about", "Help", "About recon", "Version and licence."),
)  # fmt: skip

MOUSE: tuple[tuple[str, str], ...] = (
    ("Drag", "orbit around the centre"),
    ("Ctrl + drag, or middle button", "pan"),
    ("Shift + drag, or right button", "look around"),
    ("Wheel", "zoom"),
    ("Arrow keys, Page up and down", "move forward, back, sideways, up and down"),
    ("Ctrl + click", "measure a distance with any tool"),
    ("Hover over the view, photo or depth map", "mark the same point in the others, with its distance"),
)


def help_lines() -> list[tuple[str, str]]:
    """Keys and gestures with their descriptions."""
    keys = [
        (action.key_text, f"{action.text.rstrip('.')}: {action.help}") for action in ACTIONS if action.key
    ]
    return [*MOUSE, *keys]
