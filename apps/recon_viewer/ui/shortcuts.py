"""Every action of the menu, its key and what it does: menu, keyboard and help page are made from this one table."""

from dataclasses import dataclass

_SIGNS = {"one": "1", "two": "2", "three": "3", "four": "4", "equals": "+ (=)", "minus": "-", "escape": "Esc"}


@dataclass(frozen=True)
class Action:
    """One line of the menu."""

    name: str
    """The controller's word for it."""
    menu: str
    text: str
    help: str
    key: str | None = None
    """As Open3D names keys, lower case; with ``ctrl+`` or ``shift+`` before it."""

    @property
    def key_text(self) -> str:
        """For a person: ``Ctrl+O``."""
        return (
            ""
            if self.key is None
            else "+".join(_SIGNS.get(part, part.capitalize()) for part in self.key.split("+"))
        )


ACTIONS: tuple[Action, ...] = (
    Action("open", "File", "Open...", "Opens a photo, a scene (.npz) or an exported file.", "ctrl+o"),
    Action("open-depth", "File", "Open photo with depth file...", "Opens a photo, then asks for its measured depth."),
    Action("save", "File", "Save scene...", "Saves the layer with all its settings as .npz.", "ctrl+s"),
    Action("export", "File", "Export...", "Writes the layer in any format: .glb, .ply, .obj, .html, ...", "ctrl+e"),
    Action("screenshot", "File", "Save picture of the view...", "Writes the view as a PNG of any size.", "ctrl+p"),
    Action("film", "File", "Save film...", "MP4 or GIF: swings past the scene, goes around it, or flies in."),
    Action("blender", "File", "Open in Blender", "Opens the layer in Blender, as the photo saw it.", "ctrl+b"),
    Action("close-layer", "File", "Close layer", "Closes the active layer.", "ctrl+w"),
    Action("quit", "File", "Quit", "Closes the viewer.", "ctrl+q"),
    Action("undo", "Edit", "Undo", "Takes back the last change.", "ctrl+z"),
    Action("redo", "Edit", "Redo", "Makes it again.", "ctrl+y"),
    Action("copy", "Edit", "Copy measurements", "Puts the list on the clipboard.", "ctrl+c"),
    Action("csv", "Edit", "Save measurements (CSV)...", "Writes the list as a table."),
    Action("clear", "Edit", "Remove all measurements", "Empties the list."),
    Action("finish", "Edit", "Finish polyline", "Ends a polyline at its last point.", "enter"),
    Action("cancel", "Edit", "Cancel", "Drops an unfinished measurement; stops opening or filming.", "escape"),
    Action("photo-camera", "View", "Through the photo's camera", "Stands where the photo was taken.", "one"),
    Action("front", "View", "Front", "From the front.", "two"),
    Action("top", "View", "Top", "From above, as a floor plan.", "three"),
    Action("side", "View", "Side", "From the right.", "four"),
    Action("fit", "View", "All of it", "From the front and above, with all of it in view.", "f"),
    Action("cloud", "View", "Points", "Shows points.", "p"),
    Action("mesh", "View", "Mesh", "Shows triangles.", "m"),
    Action("wireframe", "View", "Wireframe", "Shows the sides of triangles.", "w"),
    Action("colours", "View", "Next colours", "Photo, depth, normals, what is dropped.", "c"),
    Action("grid", "View", "Floor grid", "A grid in metres on the floor.", "g"),
    Action("axes", "View", "Axes", "x red, y (up) green, z blue.", "x"),
    Action("frustum", "View", "Photo's camera", "Draws where the photo was taken.", "k"),
    Action("labels", "View", "Labels", "Numbers beside what is measured.", "l"),
    Action("pictures", "View", "Photo and depth", "The photo and its depth map beside the view.", "i"),
    Action("panel", "View", "Controls", "The controls at the right.", "tab"),
    Action("dark", "View", "Dark or light", "The ground of the view; menus and controls stay dark.", "b"),
    Action("bigger", "View", "Larger points", "One px larger.", "equals"),
    Action("smaller", "View", "Smaller points", "One px smaller.", "minus"),
    Action("look", "Measure", "Look around", "A click measures nothing.", "v"),
    Action("distance", "Measure", "Distance", "Click two points.", "d"),
    Action("polyline", "Measure", "Polyline", "Click points, then Enter.", "o"),
    Action("angle", "Measure", "Angle", "Click three points; the second is the corner.", "a"),
    Action("height", "Measure", "Height above the floor", "Click a point.", "h"),
    Action("known length", "Measure", "This length is ...", "Click two points, type their distance.", "r"),
    Action("forget-lengths", "Measure", "Forget known lengths", "Takes the scene back to its own scale."),
    Action("rectangle", "Scene", "Crop to a rectangle", "Drag it in the view: what is seen in it stays.", "e"),
    Action("crop", "Scene", "Crop box...", "What is kept, in metres."),
    Action("run-again", "Scene", "Run again...", "Another model looks at the photo.", "ctrl+r"),
    Action("sample", "Help", "Open the sample", "Opens the living room with its measured depth."),
    Action("help", "Help", "Keys and mouse", "This list.", "f1"),
    Action("about", "Help", "About recon", "Version and licence."),
)  # fmt: skip

MOUSE: tuple[tuple[str, str], ...] = (
    ("Drag", "walk around the point in the middle"),
    ("Ctrl + drag, or middle button", "move sideways"),
    ("Shift + drag, or right button", "turn the head where you stand"),
    ("Wheel", "come nearer, go away"),
    ("Arrow keys, Page up and down", "walk, rise and sink"),
    ("Ctrl + click", "measure a distance, whatever the tool"),
    ("Move over the view or a picture", "marks the same point in the others, with its distance"),
)


def by_name(name: str) -> Action:
    """The action of that name; KeyError where there is none."""
    return {action.name: action for action in ACTIONS}[name]


def help_lines() -> list[tuple[str, str]]:
    """Key or gesture, and what it does."""
    keys = [
        (action.key_text, f"{action.text.rstrip('.')}: {action.help}") for action in ACTIONS if action.key
    ]
    return [*MOUSE, *keys]
