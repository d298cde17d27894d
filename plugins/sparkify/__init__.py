"""What is Sparkify's own: its tables, checks, questions and settings, used by the DAGs."""
