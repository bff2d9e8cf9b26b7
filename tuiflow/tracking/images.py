"""Images as artifacts, under MLflow's file names (mlflow/tracking/multimedia.py, client.py)."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuiflow.entities import RunTag
from tuiflow.errors import InvalidInput, TuiflowError
from tuiflow.store import Store, now_ms

if TYPE_CHECKING:
    import numpy as np
    import PIL.Image

TAG_IMAGES = "mlflow.loggedImages"

SMALL_SIDE = 256
"""Pixels of the longer side of the small copy that goes with a stepped image."""

_KEY = re.compile(r"[a-zA-Z0-9_\-./ ]+\Z")
_PNG_MODES = ("1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA")
_WEBP_MODES = ("L", "RGB", "RGBA")


class Image:
    """An image made from an array, a nested list of pixels, a Pillow image or a file's path."""

    def __init__(self, image: Any) -> None:
        """Raises InvalidInput for anything else, and where Pillow is missing."""
        pillow = _pillow()
        if isinstance(image, str | Path):
            try:
                self.image: PIL.Image.Image = pillow.open(image)
            except OSError as error:
                raise InvalidInput(f"Can't read the image {str(image)!r}: {error}.") from error
        elif isinstance(image, list):
            import numpy as np

            self.image = array_to_pil(np.array(image))
        else:
            self.image = to_pil(image)
        self.size: tuple[int, int] = self.image.size

    def to_pil(self) -> PIL.Image.Image:
        return self.image

    def to_array(self) -> np.ndarray[Any, Any]:
        """Pixels, shape (height, width) or (height, width, channels)."""
        import numpy as np

        return np.array(self.image)

    def to_list(self) -> list[Any]:
        """Pixels in rows from the top left: numbers, or tuples of them."""
        pixels = self.to_array().reshape(self.size[0] * self.size[1], -1).tolist()
        return [row[0] if len(row) == 1 else tuple(row) for row in pixels]

    def save(self, path: str | Path) -> None:
        self.image.save(path)

    def resize(self, size: tuple[int, int]) -> Image:
        return Image(self.image.resize(size))


def log_image(
    store: Store,
    run_id: str,
    image: Any,
    artifact_file: str | Path | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
) -> None:
    """Save an image as `artifact_file`, or as one step of the series `key`.

    `image` is a Pillow image, an `Image`, or an array of shape (height, width), or with a third
    dimension of 1, 3 or 4 channels: booleans, whole numbers from 0 to 255, or floats from 0 to 1;
    floats beyond are scaled, with a warning. A step is saved as a PNG and a small WebP in the
    folder `images`. Raises InvalidInput.
    """
    if artifact_file is not None and (key, step, timestamp) != (None, None, None):
        raise InvalidInput("Give log_image a file name, or a key with a step, not both.")
    if artifact_file is None and key is None:
        raise InvalidInput("log_image needs a file name, or a key with a step.")
    picture = to_pil(image)
    if artifact_file is not None:
        _save(store, run_id, str(artifact_file), picture)
        return
    assert key is not None
    if not _KEY.match(key):
        raise InvalidInput(
            f"The image's key {key!r} may only hold letters, digits, underscores (_), dashes (-),"
            " periods (.), spaces ( ) and slashes (/)."
        )
    import uuid

    name = (
        f"images/{key.replace('/', '~')}+step+{step or 0}+timestamp+{timestamp or now_ms()}"
        f"+{uuid.uuid4()}"
    )
    if picture.mode not in _PNG_MODES:  # such as CMYK
        picture = picture.convert("RGB")
    small = shrink(picture)
    _save(store, run_id, f"{name}.png", picture)
    _save(store, run_id, f"{name}+compressed.webp", small)
    store.log_batch(run_id, tags=[RunTag(TAG_IMAGES, "True")])


def _save(store: Store, run_id: str, path: str, picture: PIL.Image.Image) -> None:
    try:
        with store.writing_artifact(run_id, path) as part:
            picture.save(part)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"Can't save an image as {path!r}: {error}.") from error


def is_image(value: Any) -> bool:
    """Whether a value looks like a Pillow image or an `Image`."""
    return all(map(callable, (getattr(value, "save", None), getattr(value, "resize", None)))) and (
        hasattr(value, "size")
    )


def to_pil(image: Any) -> PIL.Image.Image:
    """The Pillow image of an array, an `Image`, or of one itself. Raises InvalidInput."""
    if isinstance(image, Image):
        return image.to_pil()
    pillow = _pillow()
    if isinstance(image, pillow.Image):
        picture: PIL.Image.Image = image
        return picture
    import numpy as np

    if isinstance(image, np.ndarray):
        return array_to_pil(image)
    raise InvalidInput(
        f"log_image takes a NumPy array or a Pillow image, not {type(image).__name__}."
    )


def array_to_pil(array: np.ndarray[Any, Any]) -> PIL.Image.Image:
    """A grey, RGB or RGBA image of an array as `log_image` takes it. Raises InvalidInput."""
    import numpy as np

    pillow = _pillow()
    if array.dtype.kind not in "biuf":
        raise InvalidInput(
            f"An image is an array of booleans, whole numbers or floats, not of {array.dtype}."
        )
    if not array.size or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4))):
        raise InvalidInput(
            "An image is an array of shape (height, width), or with a third dimension of 1, 3 or 4"
            f" channels; got {array.shape}."
        )
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.dtype.kind == "f":
        array = _scaled(array) * 255
    elif array.dtype.kind == "b":
        array = array * np.uint8(255)
    elif array.min() < 0 or array.max() > 255:
        raise InvalidInput(
            "Whole numbers in an image are from 0 to 255; these are from"
            f" {array.min()} to {array.max()}. Scale them, or pass floats."
        )
    picture: PIL.Image.Image = pillow.fromarray(array.astype(np.uint8))
    return picture


def _scaled(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Floats from 0 to 1; what is no number is black."""
    import numpy as np

    finite = np.isfinite(array)
    if not finite.all():
        edges = array[finite] if finite.any() else np.zeros(1)
        array = np.nan_to_num(array, nan=0.0, posinf=edges.max(), neginf=edges.min())
    low, high = float(array.min()), float(array.max())
    if low >= 0 and high <= 1:
        return array
    warnings.warn(
        f"The floats of an image are from {low:g} to {high:g} instead of 0 to 1; they are scaled"
        " to that.",
        stacklevel=6,  # the line that called log_image
    )
    return (array - low) / (high - low or 1)


def shrink(picture: PIL.Image.Image) -> PIL.Image.Image:
    """A copy whose longer side has SMALL_SIDE pixels, in a mode that WebP has."""
    width, height = picture.size
    longer = max(width, height)
    size = (max(width * SMALL_SIDE // longer, 1), max(height * SMALL_SIDE // longer, 1))
    if picture.mode not in _WEBP_MODES:
        picture = picture.convert("RGBA" if "A" in picture.mode else "RGB")
    return picture.resize(size)


def _pillow() -> Any:
    try:
        import PIL.Image
    except ImportError:
        raise TuiflowError(
            "Images need Pillow; install it with: pip install 'tuiflow[image]'"
        ) from None
    return PIL.Image
