"""What is searched, on what data, evaluated how: data sets, networks, search spaces, metrics."""
