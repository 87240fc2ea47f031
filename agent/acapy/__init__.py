"""The ACA-Py subprocess: its life (`process`), its admin API (`admin`, `records`), its webhooks (`events`).

Nothing here imports ACA-Py; what runs inside it is `agent.plugin`.
"""
