"""Files that analysts exchange: a framework and its figures come in, a result goes out."""
