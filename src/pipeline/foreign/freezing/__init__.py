"""Freezing a third-party model: variables become constants, and their handles become values.

`convert_variables_to_constants` of TensorFlow fails on handles that loops take, on gathers in
functions, and on questions whether a variable has a value.
"""
