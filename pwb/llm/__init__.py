"""The wire to AI providers: one client, one error tree, one file a provider.

Knows neither Flask nor the database. The API key is an argument of each call
(`Endpoint.api_key`) and is kept nowhere between calls.
"""
