def examine(files, trusted=frozenset()):
    return None
