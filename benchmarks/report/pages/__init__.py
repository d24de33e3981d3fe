"""One module for each experiment's page: `page(folder)` makes its Markdown from the CSVs in results/NAME."""
