"""How much memory a row of slices takes."""

from .image_readers import Picture
from .raster_reader import Raster, UnreadableImage
from .settings import Settings

#: A row of slices takes at most so many bytes of memory, the mask of its valid pixels included.
MAX_ROW_BYTES = 8_000_000_000


def check_row_memory(source: Picture | Raster, settings: Settings) -> None:
    """Check that a row of slices fits in memory.

    Args:
        source: The picture or scene.
        settings: Those of the prediction, with the side of the slices.

    Raises:
        UnreadableImage: If it does not.
    """
    height = min(settings.slice_size or source.height, source.height)
    if 4 * height * source.width > MAX_ROW_BYTES:
        raise UnreadableImage(
            f"{source.path} is {source.width} px wide: a row of slices, {height} px high, would "
            f"take {4 * height * source.width / 1e9:.0f} GB; take smaller slices (--slice)"
        )
