"""What the article claims beside what was found here, with verdicts that rules give."""
