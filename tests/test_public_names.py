"""The names that configs, scripts and users write: none goes without an alias that warns."""

from importlib import metadata

import pytest
from mmdet import registry as registries

import adla.components
import adla.core
from adla.cli import commands

CORE = """
    SIZE_BINS AdaptiveAssignment AssignmentRule OverlappingPairs RankedAssignment Ranking
    ShapeMatches TaskAlignment TaskAlignmentRule adaptive_thresholds alpha_at assign_adaptive
    assign_hierarchical assign_ranked assign_task_aligned ciou clean_boxes diou dotd
    dynamic_iou iou match_shapes matching_degree matching_weights nwd overlapping_pairs
    pairwise_iof pairwise_iou rank_boxes rfd shape_ratios simd size_bin_indices
"""
COMPONENTS = {
    "DATASETS": """
        AITODDataset HITUAVDataset LEVIRShipDataset SIRSTV2Dataset Sen2ShipsDataset
        TinyCocoDataset VisDroneDataset
    """,
    "HOOKS": """
        AssignProgressHook AssignStatsHook AtomicCheckpointHook ChannelsLastHook
        CheckpointCheckHook ExactResumeHook MetricTableHook UpdateEMAHook YOLOv8ScheduleHook
    """,
    "METRICS": "SIRSTMetric TinyCocoMetric",
    "MODELS": """
        AdlaATSSHead AdlaRPNHead AdlaRetinaHead AdlaRoIHead AdlaSSDHead C2fDarknet
        CompleteIoULoss DALRetinaHead FSANetFPN FSANetHead MCenterNetHead MSLAHead OSCARFPN
        OSCARHead RampedEMA TimmBackbone TinyPAFPN VotingTTAModel YOLOv5Darknet
        YOLOv5Head YOLOv5PAFPN
    """,
    "OPTIM_WRAPPERS": "MixedPrecisionOptimWrapper SummingOptimWrapper",
    "TASK_UTILS": """
        AdaptiveDynamicAssigner BlockwiseMaxIoUAssigner CIoUOverlaps2D
        CornerOffsetBBoxCoder DFLPointCoder DIoUOverlaps2D DotDOverlaps2D
        HierarchicalAssigner MSLAAssigner NWDOverlaps2D RFDOverlaps2D RankingAssigner
        ReceptiveFieldGenerator SimDOverlaps2D SparseMaxIoUAssigner
        StridedPointGenerator YOLOv5BBoxCoder YOLOv8Assigner
    """,
    "TRANSFORMS": """
        BoxMasks CenteredAffine FalseAlarmCrop GenerateNoCoMap HSVGain LoadImageInRange TargetCrop
    """,
}
COMMANDS = "train test table check eval predict convert export demo env"


def test_core():
    assert set(adla.core.__all__) == set(CORE.split())
    assert all(hasattr(adla.core, name) for name in adla.core.__all__)


@pytest.mark.parametrize("registry", COMPONENTS)
def test_components(registry):
    names = COMPONENTS[registry].split()
    classes = getattr(registries, registry).module_dict
    ours = {name for name, kind in classes.items() if kind.__module__.startswith("adla.")}
    assert ours == set(names)


def test_no_other_registry_has_components():
    for name, registry in vars(registries).items():
        if isinstance(registry, type(registries.MODELS)) and name not in COMPONENTS:
            assert not any(k.__module__.startswith("adla.") for k in registry.module_dict.values())


def test_commands():
    assert list(commands.COMMANDS) == COMMANDS.split()
    (script,) = metadata.entry_points(group="console_scripts", name="adla")
    assert script.value == "adla.cli:main"
