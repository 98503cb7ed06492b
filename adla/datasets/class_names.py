"""Names of the classes in label order, for the datasets and for the converters without mmdet."""

AITOD = (
    "airplane",
    "bridge",
    "storage-tank",
    "ship",
    "swimming-pool",
    "vehicle",
    "person",
    "wind-mill",
)
