"""The configured loss of a batch: triplet, InfoNCE or graded InfoNCE, from hops or affinities in preference graphs."""

import torch
from torch import Tensor

from earshot.graph.config import TasteConfig
from earshot.graph.taste.contrastive_loss import graded_info_nce, info_nce
from earshot.graph.taste.taste_sampler import TripletBatch
from earshot.graph.taste.triplet_loss import cosine_triplet_loss, semi_hard_negatives


def batch_loss(anchors: Tensor, candidates: Tensor, batch: TripletBatch, config: TasteConfig) -> Tensor:
    """Loss of one batch, a scalar.

    Parameters
    ----------
    anchors : shape (n, dim)
        Unit vectors.
    candidates : shape (2 n, dim)
        Unit vectors in the order of `TripletBatch.candidate_rows`.
    """
    if config.loss == "graded":
        assert batch.affinity is not None
        affinity = torch.from_numpy(batch.affinity).to(anchors.device)
        return graded_info_nce(anchors, candidates, affinity, temperature=config.temperature)
    positives = candidates[len(anchors) :]
    if config.loss == "infonce":
        near = torch.from_numpy(batch.near_candidates(config.near_hops)).to(anchors.device)
        return info_nce(anchors, positives, near[:, len(anchors) :], temperature=config.temperature)
    allowed = torch.from_numpy(batch.negative_candidates(config.gap)).to(anchors.device)
    usable = allowed.any(dim=1)
    if not usable.any():  # one artist alone in a batch: nothing is far
        return anchors.sum() * 0
    negatives = semi_hard_negatives(anchors[usable], positives[usable], candidates, allowed[usable])
    return cosine_triplet_loss(anchors[usable], positives[usable], candidates[negatives], margin=config.margin)
