"""results/report.html: one file with the verdicts, the tables and figures of the article."""
