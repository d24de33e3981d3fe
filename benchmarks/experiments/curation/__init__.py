"""Do curated spaces make search easier?"""
