"""Text rules: what goes into a prompt, what comes out of an answer. They run without an app."""
