"""Processes: workers, jobs, progress; no knowledge of tasks."""
