"""What a search comes to that is killed again and again."""
