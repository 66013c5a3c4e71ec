"""The archive of a study: an RO-Crate from which every number can be followed to its files, jobs and models, and made again."""
