"""Verification: whether forms of one model have the same values and compute the same outputs."""
