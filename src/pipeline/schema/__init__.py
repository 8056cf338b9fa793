"""The schema of params.yaml: each parameter with its type, range, unit and meaning."""
