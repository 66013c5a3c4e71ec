"""Publishing a study: data sets and students as folders with cards.

`facts` collects what a card states, `cards` writes it, `push` uploads it. For `snakemake build`, `choice` decides who writes a
language's data and how, `amounts` what is still to be asked, `comparison` sets the student beside others. Imports displays (how
numbers are written) and what is below it. The paper's own published numbers are in replication.
"""
