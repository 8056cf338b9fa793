"""What a person looks at: progress while training, figures, the report."""
