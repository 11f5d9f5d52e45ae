"""Text in the pictures of the documentation."""

from PIL import ImageDraw, ImageFont

PAPER_RGB, INK_RGB = (250, 250, 250), (24, 24, 24)
MARK_RGB, KNOWN_RGB = (255, 80, 30), (30, 160, 255)
Colour = tuple[int, int, int]


def label(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, colour: Colour, size_px: int
) -> None:
    """A text on paper with a border; it is moved to the left where it would not fit.

    Args:
        draw: The picture.
        at: Top-left corner, px.
        text: One line.
        colour: Of the border, sRGB.
        size_px: Height of the font.
    """
    font = ImageFont.load_default(size_px)
    width = draw.im.size[0]
    at = (min(at[0], width - draw.textlength(text, font) - 20), at[1])
    left, top, right, bottom = draw.textbbox(at, text, font)
    box = (left - 12, top - 8, right + 12, bottom + 10)
    draw.rounded_rectangle(box, 8, fill=PAPER_RGB, outline=colour, width=3)
    draw.text(at, text, INK_RGB, font)
