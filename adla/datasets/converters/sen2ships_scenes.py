"""What is known of the scenes of sen2ships: the split, what lacks a file, tiles without a ship."""

#: Harbors to measure on; all others are for training.
VAL_PORTS = ("klang", "casablanca", "genoa", "athens", "santos")
#: Harbors that the repository has labels of, but no image and not all bands.
WITHOUT_IMAGE = ("hamburg", "hong_kong", "los_angeles", "tokyo")
#: A band that the repository lacks -> the one that stands for it.
STAND_INS = {("santos", "B02"): "B03"}

#: Upper left corners (x, y) of the tiles of 256 px without a ship that were drawn, once and at
#: random, a quarter as many as there are tiles with one: the results in the docs are on them.
REFERENCE_EMPTY: dict[str, tuple[tuple[int, int], ...]] = {
    "busan": ((768, 0), (576, 0), (0, 192), (0, 0)),
    "honolulu": (),
    "klang": ((384, 1284), (0, 960)),
    "san_francisco": ((0, 192),),
    "casablanca": (),
    "marseille": ((1351, 1200), (384, 1152), (1351, 960), (960, 576), (1344, 0)),
    "genoa": ((960, 615), (1152, 0), (960, 576), (960, 0), (1945, 384), (192, 384)),
    "valencia": ((384, 1059), (768, 1059), (768, 768), (1393, 384)),
    "gdynia": ((960, 782), (0, 576), (1344, 0), (960, 192)),
    "algiers": ((0, 192), (576, 0), (960, 192), (768, 0)),
    "athens": ((768, 0), (1124, 0), (768, 192), (0, 192), (960, 576)),
    "cartagena": ((192, 192), (384, 384)),
    "durban": ((1078, 768), (1078, 576), (576, 782)),
    "hedland": ((384, 0), (192, 576), (960, 384)),
    "qingdao": ((960, 768), (1820, 384), (1152, 384), (1536, 768), (1344, 576), (1728, 768)),
    "santos": ((1317, 960), (1152, 192), (384, 768), (384, 960), (384, 192)),
}
