"""From a file of the user's to arrays that are fit for training."""
