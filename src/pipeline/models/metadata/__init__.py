"""What is known of a model without opening it."""
