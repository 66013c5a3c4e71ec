"""What jobs are made from and depend on, as functions of a study and wildcards."""
