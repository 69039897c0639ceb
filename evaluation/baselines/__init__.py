"""Baseline recommenders: popularity, personal top tracks, item k-NN, iALS, BPR."""
