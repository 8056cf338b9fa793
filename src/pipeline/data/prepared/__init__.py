"""The format of data/prepared."""
