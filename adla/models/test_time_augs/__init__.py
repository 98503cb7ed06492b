"""How the predictions on several views of an image are joined."""

from .voting_tta import VotingTTAModel

__all__ = ["VotingTTAModel"]
