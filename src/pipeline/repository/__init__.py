"""What surrounds a workspace: processes and their locks, Git, DVC, the environment."""
