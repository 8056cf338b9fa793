"""Models: their metadata, their forms on disk, and the runners that compute with them."""
