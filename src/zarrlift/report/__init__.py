"""Results as text, JSON and progress: the only room that formats."""
