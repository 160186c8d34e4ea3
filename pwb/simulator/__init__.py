"""A server that speaks OpenRouter's wire, for demo, tests and drills.

It is no AI model: texts are put together from phrases and the listing's facts. Every answer
carries the header ``X-PWB-Simulator: 1`` and every model id starts with ``simulator/``.
"""
