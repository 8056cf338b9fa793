"""MLflow: one run for one execution of the pipeline, none twice and none missing."""
