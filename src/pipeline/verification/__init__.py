"""Proof that forms of a model, whoever made it, compute the same."""
