"""Cards of workflows and campaigns, as Markdown."""
