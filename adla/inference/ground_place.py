"""Where on Earth the pixels of a scene lie: from its reference system and geotransform, or GCPs."""

from dataclasses import dataclass

import numpy as np
import rasterio
from affine import Affine
from numpy import ndarray
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.transform import GCPTransformer
from rasterio.warp import transform as warp

#: What RFC 7946 asks for: longitude and latitude on WGS 84.
WGS84 = CRS.from_epsg(4326)
#: Points along each side at which a scene is tried before anything is detected in it.
_TRIED = 11


class NoPlace(ValueError):
    """A scene has coordinates, but they cannot be turned into longitude and latitude."""


@dataclass(frozen=True)
class Place:
    """Turns pixels into longitude and latitude.

    Attributes:
        crs: Coordinate reference system of the scene.
        to_ground: From pixels (column, row) to its coordinates: a geotransform, or what GDAL fits
            to ground control points.
    """

    crs: CRS
    to_ground: Affine | GCPTransformer

    def lonlat(self, pixels: ndarray) -> ndarray:
        """Return longitude and latitude of points.

        Args:
            pixels: Shape (N, 2), column and row in pixels; 0, 0 is the outer corner of the first.

        Returns:
            Shape (N, 2), in degrees; NaN where a point is not on Earth.
        """
        columns, rows = pixels.T
        if isinstance(self.to_ground, Affine):
            a, b, c, d, e, f = self.to_ground[:6]
            xs, ys = a * columns + b * rows + c, d * columns + e * rows + f
        else:
            xs, ys = map(np.asarray, self.to_ground.xy(rows, columns, offset="ul"))
        points = _warp(self.crs, xs, ys)
        points[~_on_earth(points)] = np.nan
        return points


def _on_earth(points: ndarray) -> ndarray:
    longitude, latitude = np.abs(points).T
    return (longitude <= 360) & (latitude <= 90)


def _warp(crs: CRS, xs: ndarray, ys: ndarray) -> ndarray:
    """Return longitude and latitude (N, 2); one point that has none makes GDAL refuse them all."""
    if not len(xs):
        return np.zeros((0, 2))
    try:
        return np.stack(warp(crs, WGS84, xs, ys), axis=1).astype(float)
    except Exception:  # GDAL's errors have no public class
        if len(xs) == 1:
            return np.full((1, 2), np.nan)
    half = len(xs) // 2
    return np.concatenate([_warp(crs, xs[:half], ys[:half]), _warp(crs, xs[half:], ys[half:])])


def find_place(dataset: rasterio.DatasetReader) -> Place | None:
    """Return where a scene lies, or None for a picture without any coordinates.

    Raises:
        NoPlace: If it has coordinates, but they cannot be used; it says why.
    """
    points, points_crs = dataset.gcps
    if points and dataset.transform == Affine.identity():
        if points_crs is None:
            raise NoPlace("has ground control points without a coordinate reference system")
        place = Place(points_crs, _fit(_unwrap(points, points_crs)))
    elif dataset.crs is None:
        if dataset.rpcs is not None:
            raise NoPlace("has only RPCs, which need the heights of the ground: orthorectify it")
        return None
    elif dataset.transform == Affine.identity():
        raise NoPlace("has a coordinate reference system, but no geotransform")
    elif dataset.transform.is_degenerate:
        raise NoPlace(f"has a geotransform without area, {tuple(dataset.transform[:6])}")
    else:
        place = Place(dataset.crs, dataset.transform)
    _try_out(place, dataset.width, dataset.height)
    return place


def _unwrap(points: list[GroundControlPoint], crs: CRS) -> list[GroundControlPoint]:
    """Let longitudes go on beyond the 180th meridian where the points lie on both sides of it.

    From the first point on, each is put within half a turn of its nearest neighbor in the scene. A
    scene that would be left without any width is a whole turn wide, and stays as it is.
    """
    xs = np.array([point.x for point in points])
    # In the unit of the system: 360 degrees, 400 grads.
    turn = round(2 * np.pi / crs.units_factor[1], 9) if crs.is_geographic else np.inf
    if not np.ptp(xs) > turn / 2:
        return points
    pixels = np.array([complex(point.col, point.row) for point in points])
    distance, nearest = np.full(len(xs), np.inf), np.zeros(len(xs), int)
    waiting, last = np.arange(1, len(xs)), 0
    while len(waiting):
        steps = np.abs(pixels[waiting] - pixels[last])
        nearest[waiting[steps < distance[waiting]]] = last
        distance[waiting] = np.minimum(steps, distance[waiting])
        last = waiting[distance[waiting].argmin()]
        xs[last] -= turn * np.round((xs[last] - xs[nearest[last]]) / turn)
        waiting = waiting[waiting != last]
    if np.ptp(xs) == 0:
        return points
    return [
        GroundControlPoint(point.row, point.col, x, point.y, point.z)
        for point, x in zip(points, xs.tolist(), strict=True)
    ]


def _fit(points: list[GroundControlPoint]) -> GCPTransformer:
    try:
        return GCPTransformer(points)
    except Exception as error:  # GDAL's errors have no public class
        raise NoPlace(f"has ground control points that do not fit: {error}") from error


def _try_out(place: Place, width: int, height: int) -> None:
    """Check that some points of a scene are on Earth."""
    name = place.crs.to_string()
    if len(name) > 60:
        name = f"{name[:57]}..."
    if not (place.crs.is_geographic or place.crs.is_projected):
        raise NoPlace(f"has the reference system {name}, which has no place on Earth")
    try:
        warp(place.crs, WGS84, [0.0], [0.0])
    except Exception as error:  # GDAL's errors have no public class
        if "outside of projection" not in str(error):
            raise NoPlace(
                f"has the reference system {name}, which cannot be turned into longitude and "
                "latitude"
            ) from error
    columns, rows = np.meshgrid(np.linspace(0, width, _TRIED), np.linspace(0, height, _TRIED))
    points = place.lonlat(np.stack([columns.ravel(), rows.ravel()], axis=1))
    if np.isnan(points).any(axis=1).all():
        raise NoPlace(f"lies nowhere on Earth by its reference system {name} and its geotransform")
