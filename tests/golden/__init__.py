"""What each family of results comes to on something tiny, kept by the version of its code."""
