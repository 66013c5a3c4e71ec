"""The study's page: its answer, teachers, languages, figures and tables in one HTML file that needs nothing else.

`markup.py` turns tables into HTML that sorts, `answer.py` says what was found and what to do next, `profiles.py` describes
teachers and languages, `document.py` puts all of it into the template in report/page. Everything that is shown comes from the
files of tables, figures and measurements; every text is escaped. `audit.py` makes the page of the replication audit from the
same parts.
"""
