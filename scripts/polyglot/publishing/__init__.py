"""Publishing a study: data sets and students as folders with cards.

`facts` collects what a card states, `cards` writes it, `push` uploads it. Imports displays (how numbers are written) and what is
below it. The paper's own published numbers are in replication.
"""
