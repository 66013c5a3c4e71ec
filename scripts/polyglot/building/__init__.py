"""Building: from a study's verdict to a data set of the wanted size, and the student trained on it.

`choice` decides who writes a language's data and how, `amounts` what is still to be asked, `comparison` sets the student beside
others. Imports scoring, synthesis and what is below them.
"""
