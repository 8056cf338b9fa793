"""Evaluation: the parity of all forms of the model, its metrics, figures and report."""
