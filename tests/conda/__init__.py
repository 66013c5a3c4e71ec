"""Conda where no channel can be reached: a local channel, and a shim of the `conda` calls that Snakemake makes.

The shim is not conda: under it are py-rattler's solver and installer, which are real; over them the few calls that
`snakemake --sdm conda` makes. What it shows is that the workflow's environments can be made and that its jobs run inside them.
"""
