"""Who wants what: the two-tower recommender."""
