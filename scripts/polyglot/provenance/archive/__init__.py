"""The archive of a study: an RO-Crate in which every number can be traced to its files, jobs and models, and recomputed."""
