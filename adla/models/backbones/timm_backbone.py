"""Any backbone of timm."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor


@MODELS.register_module()
class TimmBackbone(BaseModule):
    """A network of timm that returns its feature maps.

    timm is optional (``pip install adla[timm]``) and needs a torchvision that fits torch.

    Args:
        model_name: Name in timm, such as 'dla34'.
        out_indices: Feature maps to return, as timm counts them: of most networks index i has
            stride 2^i for 'dla34', 2^(i + 1) for those that start at stride 2.
        pretrained: Fetch timm's weights when the network is built.
        **kwargs: Further arguments of `timm.create_model`.

    Raises:
        ImportError: timm is not installed, or cannot be imported.
        ValueError: timm has no such network, or not all of its `out_indices`.
    """

    def __init__(
        self,
        model_name: str,
        out_indices: Sequence[int] = (2, 3, 4, 5),
        pretrained: bool = False,
        init_cfg: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg)
        timm = _import_timm()
        if not timm.is_model(model_name):
            near = ", ".join(timm.list_models(f"{model_name[:3]}*")[:8])
            raise ValueError(
                f"TimmBackbone: timm {timm.__version__} has no model_name={model_name!r}"
                + (f"; near it: {near}" if near else "")
            )
        try:
            self.network = timm.create_model(
                model_name,
                features_only=True,
                out_indices=tuple(out_indices),
                pretrained=pretrained,
                **kwargs,
            )
        except (AssertionError, IndexError) as error:
            raise ValueError(
                f"TimmBackbone: {model_name} has not all of out_indices={tuple(out_indices)}"
            ) from error

    @property
    def out_channels(self) -> list[int]:
        """Channels of the returned feature maps."""
        return self.network.feature_info.channels()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map an image (B, 3, H, W) to the feature maps of `out_indices`."""
        return tuple(self.network(x))


def _import_timm() -> ModuleType:
    """Import timm.

    Raises:
        ImportError: It is not installed, or torchvision, which it imports, does not fit torch.
    """
    try:
        import timm
    except (ImportError, RuntimeError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ImportError(
            f"TimmBackbone needs timm, which cannot be imported ({reason}): run 'pip install timm' "
            "with a torchvision made for the installed torch"
        ) from error
    return timm
