"""Seeds: the seed dataset, from files of one's own and from public sources, in one schema."""
