"""Names that a study cannot give, apart from its settings, so that a job that only draws need not read those."""

MAIN = "main"
"""The experiment that every study has: its teachers and languages with its base and recipe."""
REPLICATION = "replication"
"""The study of the replication audit, of the paper's published numbers."""
