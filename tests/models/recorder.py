"""The assigner of the tests that ask what a head has shown."""

from adla.models import AdaptiveDynamicAssigner


class Recorder(AdaptiveDynamicAssigner):
    """The real assigner, which also keeps what it was shown, call after call."""

    needs_scores = needs_empty_images = True

    def assign(self, pred_instances, *args, **kwargs):
        self.seen = [*getattr(self, "seen", []), pred_instances]
        return super().assign(pred_instances, *args, **kwargs)
