"""A module for each stage of dvc.yaml: it reads its deps, calls the packages, publishes its outs.

`python -m pipeline.stages NAME` runs one, with the checked settings of params.yaml.
"""
