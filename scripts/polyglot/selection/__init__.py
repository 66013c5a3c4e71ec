"""M-DaQ (arXiv 2509.15549): the part of a data set that is good and diverse; and its rivals of the same size."""
