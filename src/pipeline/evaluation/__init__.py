"""Is the model right, and do all its forms say the same?"""
