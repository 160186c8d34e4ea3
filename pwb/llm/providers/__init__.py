"""One module a provider, each with a `PROVIDER`; see `pwb.llm.registry`."""
