"""The demo: two invented agencies, the simulator in place of an AI service, one command."""
