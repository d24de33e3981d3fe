"""What is searched, on what data, judged how: data sets, networks, search spaces, metrics."""
