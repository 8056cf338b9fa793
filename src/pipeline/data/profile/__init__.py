"""The profile of examples before training: what is measured, and the page that shows it.

`measuring.measure` returns a `Profile`. `pipeline.reporting.data_profile` shows it in a terminal.
"""
