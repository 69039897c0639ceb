"""The two-tower recommender: models, losses, training, retrieval."""
