"""PerSyn (arXiv 2510.10925): each prompt to the teacher whose answer a student is expected to learn most from; and its rivals."""
